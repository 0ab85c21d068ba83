package clip

import (
	"encoding/binary"
	"math/bits"
)

// First bytes of the NAL units: nal_ref_idc and nal_unit_type (ITU-T H.264, 7.3.1).
const (
	nalSPS      = 0x67
	nalPPS      = 0x68
	nalIDR      = 0x65
	nalNonIDR   = 0x61
	lengthBytes = 4 // of the length in front of a NAL unit in a sample
)

// Profile and level: constrained baseline, 3.0. The small picture would do with less, its raw samples would not.
const (
	profile       = 66
	compatibility = 0xC0
	level         = 30
)

// Syntax element values.
const (
	frameNumBits = 4
	poc          = 2 // pic_order_cnt_type: pictures are shown in the order they are decoded
	sliceI       = 7 // slice_type, all slices of the picture
	sliceP       = 5
	pcmInI       = 25 // mb_type I_PCM in an I slice
	pcmInP       = 30 // and in a P slice, after its own five types
)

// The NAL units are written without emulation prevention: raw samples are never 0 and the headers are too short
// to hold two zero bytes in a row. A test holds that.

// sps is the sequence parameter set (7.3.2.1.1).
func sps() []byte {
	w := bitWriter{buf: []byte{nalSPS, profile, compatibility, level}}
	w.ue(0)                // seq_parameter_set_id
	w.ue(frameNumBits - 4) // log2_max_frame_num_minus4
	w.ue(poc)
	w.ue(1)           // max_num_ref_frames
	w.put(0, 1)       // gaps_in_frame_num_value_allowed_flag
	w.ue(columns - 1) // pic_width_in_mbs_minus1
	w.ue(rows - 1)    // pic_height_in_map_units_minus1
	w.put(1, 1)       // frame_mbs_only_flag
	w.put(1, 1)       // direct_8x8_inference_flag
	w.put(0, 1)       // frame_cropping_flag
	w.put(0, 1)       // vui_parameters_present_flag
	return w.trailing()
}

// pps is the picture parameter set (7.3.2.2).
func pps() []byte {
	w := bitWriter{buf: []byte{nalPPS}}
	w.ue(0)     // pic_parameter_set_id
	w.ue(0)     // seq_parameter_set_id
	w.put(0, 1) // entropy_coding_mode_flag: CAVLC
	w.put(0, 1) // bottom_field_pic_order_in_frame_present_flag
	w.ue(0)     // num_slice_groups_minus1
	w.ue(0)     // num_ref_idx_l0_default_active_minus1
	w.ue(0)     // num_ref_idx_l1_default_active_minus1
	w.put(0, 3) // weighted_pred_flag, weighted_bipred_idc
	w.ue(0)     // pic_init_qp_minus26
	w.ue(0)     // pic_init_qs_minus26
	w.ue(0)     // chroma_qp_index_offset
	w.put(1, 1) // deblocking_filter_control_present_flag
	w.put(0, 2) // constrained_intra_pred_flag, redundant_pic_cnt_present_flag
	return w.trailing()
}

// slice is a whole picture: the first one an IDR picture of raw macroblocks; the others P pictures that skip what
// did not change since the previous picture and carry the rest raw (7.3.3, 7.3.4).
func slice(number int, current, previous *picture) []byte {
	w := sliceHeader(number)
	mbType := uint(pcmInI)
	if previous != nil {
		mbType = pcmInP
	}
	skipped := uint(0)
	for i := range current {
		if unchanged(i, current, previous) {
			skipped++
			continue
		}
		if previous != nil {
			w.ue(skipped) // mb_skip_run
		}
		skipped = 0
		w.ue(mbType)
		w.align()
		w.buf = append(w.buf, current[i][:]...)
	}
	if skipped > 0 {
		w.ue(skipped)
	}
	return w.trailing()
}

func sliceHeader(number int) *bitWriter {
	idr := number == 0
	nal, sliceType := byte(nalNonIDR), uint(sliceP)
	if idr {
		nal, sliceType = nalIDR, sliceI
	}
	w := &bitWriter{buf: []byte{nal}}
	w.ue(0) // first_mb_in_slice
	w.ue(sliceType)
	w.ue(0) // pic_parameter_set_id
	w.put(uint(number%(1<<frameNumBits)), frameNumBits)
	if idr {
		w.ue(0)     // idr_pic_id
		w.put(0, 2) // no_output_of_prior_pics_flag, long_term_reference_flag
	} else {
		w.put(0, 2) // num_ref_idx_active_override_flag, ref_pic_list_modification_flag_l0
		w.put(0, 1) // adaptive_ref_pic_marking_mode_flag
	}
	w.ue(0) // slice_qp_delta
	w.ue(1) // disable_deblocking_filter_idc: the edges of the drawing stay sharp
	return w
}

// lengthPrefixed is a NAL unit as a sample of an MP4 track carries it.
func lengthPrefixed(nal []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(nal))), nal...)
}

// A bitWriter writes syntax elements, most significant bit first.
type bitWriter struct {
	buf  []byte
	used int // bits taken of the last byte, 0 when it is complete
}

func (w *bitWriter) put(value uint, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.used == 0 {
			w.buf = append(w.buf, 0)
		}
		bit := byte(value>>i) & 1
		w.buf[len(w.buf)-1] |= bit << (7 - w.used)
		w.used = (w.used + 1) % 8
	}
}

// ue writes an unsigned Exp-Golomb code (9.1).
func (w *bitWriter) ue(value uint) {
	n := bits.Len(value + 1)
	w.put(0, n-1)
	w.put(value+1, n)
}

// align fills the last byte with zero bits.
func (w *bitWriter) align() {
	w.used = 0
}

// trailing ends the NAL unit with a one bit and returns it.
func (w *bitWriter) trailing() []byte {
	w.put(1, 1)
	w.align()
	return w.buf
}
