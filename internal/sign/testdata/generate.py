"""Writes vectors.json: presigned POSTs made by botocore. See README.md."""

import base64
import datetime
import json
import pathlib
from unittest import mock

import botocore
import botocore.session
from botocore.config import Config

BOTOCORE = "1.43.11"

# Credentials of AWS's documentation, and a made-up token; they open nothing.
ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = base64.b64encode(b"a session token that opens nothing, " * 20).decode()

TAGGING = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"
VIDEO = {"content-type": "video/mp4"}
FULL = {**VIDEO, "tagging": TAGGING, "x-amz-meta-quota": "10737418240", "x-amz-meta-filename": "aW50cm8ubXA0"}

REGIONS = [
    "us-east-1", "us-west-2", "ca-central-1", "eu-west-1", "eu-central-1", "ap-southeast-2", "ap-northeast-1",
    "sa-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1",
]

TIMES = [
    "2015-12-29T00:00:00Z", "2015-12-29T23:59:59Z", "2020-02-29T12:00:00Z", "2023-12-31T23:59:59Z",
    "2024-01-01T00:00:00Z", "2026-03-14T15:09:26Z", "2038-01-19T03:14:08Z", "2099-06-30T23:59:59Z",
]

TEXTS = {
    "accents": "Crème brûlée à la façon d'été",
    "japanese": "日本語のファイル名",
    "arabic": "ملف الفيديو",
    "emoji": "🎬 holiday 👩‍👩‍👧‍👦",
    "quotes": "\"quoted\" and \\backslashed\\",
    "controls": "tab\tline\r\nnul\x00escape\x1bdelete\x7f",
    "markup": "<a href='x'>&amp;</a>",
    "dollar": "$key costs $5",
    "separators": "line\u2028paragraph\u2029bom\ufeff",
    "replacement": "\ufffd",
    "last code point": "\U0010ffff",
    "empty": "",
}


def cases():
    """Yields the inputs of every vector, as differences from the defaults of vector()."""
    for region in REGIONS:
        yield {"name": f"region {region}", "region": region, "fields": FULL}
        yield {"name": f"region {region} with token", "region": region, "token": TOKEN, "fields": VIDEO}
    for now in TIMES:
        yield {"name": f"time {now}", "now": now}
        yield {"name": f"time {now} with token", "now": now, "token": TOKEN, "fields": FULL}
    for name, text in TEXTS.items():
        yield {"name": f"metadata {name}", "fields": {**FULL, "x-amz-meta-title": text}}
    for name in ("accents", "japanese", "emoji", "quotes", "markup", "dollar"):
        yield {"name": f"key {name}", "key": f"documents/{TEXTS[name]}.pdf"}
    for endpoint in ("http://127.0.0.1:9000", "https://s3.example.com", "https://example.com/s3"):
        yield {"name": f"path style {endpoint}", "endpoint": endpoint, "fields": FULL}
        yield {"name": f"path style {endpoint} with token", "endpoint": endpoint, "token": TOKEN}
    for low, high in ((0, 0), (1, 1), (0, 1), (1, 5 << 30), (5 << 30, 5 << 30)):
        yield {"name": f"size {low} to {high}", "min": low, "max": high}
    for lifetime in (1, 60, 3600, 86400, 604800):
        yield {"name": f"lifetime {lifetime}", "lifetime": lifetime, "now": "2025-12-31T23:59:59Z"}
    for name, value in {"tag": TAGGING, "no tags": "<Tagging><TagSet></TagSet></Tagging>"}.items():
        yield {"name": f"tagging {name}", "fields": {"tagging": value}}
    yield {"name": "no further field"}
    yield {"name": "status and redirect", "fields": {"success_action_status": "201", "success_action_redirect": "https://example.com/?a=b&c=d"}}
    yield {"name": "bucket with dots", "bucket": "example.bucket"}


def vector(name, region="eu-west-1", bucket="examplebucket", endpoint="", token="", now="2026-03-14T15:09:26Z",
           lifetime=900, key="videos/0123456789abcdef0123/0198c0de00007000800000000000cafe.mp4", fields=None,
           min=1, max=1 << 30):
    """Returns one vector: the inputs, and the form that botocore makes of them."""
    fields = fields or {}
    conditions = [{field: value} for field, value in fields.items()] + [["content-length-range", min, max]]
    clock = datetime.datetime.strptime(now, "%Y-%m-%dT%H:%M:%SZ")
    client = botocore.session.Session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint or None,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        aws_session_token=token or None,
        config=Config(signature_version="s3v4", s3={
            "addressing_style": "path" if endpoint else "virtual",
            "us_east_1_regional_endpoint": "regional",
        }),
    )
    with mock.patch("botocore.auth.get_current_datetime", lambda: clock), \
         mock.patch("botocore.signers.get_current_datetime", lambda: clock):
        form = client.generate_presigned_post(bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=lifetime)
    return {
        "name": name,
        "input": {
            "region": region, "bucket": bucket, "endpoint": endpoint,
            "accessKeyId": ACCESS_KEY_ID, "secretAccessKey": SECRET_ACCESS_KEY, "sessionToken": token,
            "key": key, "fields": fields, "minSize": min, "maxSize": max,
            "now": now, "lifetimeSeconds": lifetime,
        },
        "form": form,
    }


def main():
    if botocore.__version__ != BOTOCORE:
        raise SystemExit(f"botocore is {botocore.__version__}: only {BOTOCORE} is allowed")
    vectors = {"botocore": BOTOCORE, "vectors": [vector(**case) for case in cases()]}
    path = pathlib.Path(__file__).with_name("vectors.json")
    path.write_text(json.dumps(vectors, indent=1) + "\n", encoding="ascii")
    print(f"{path.name}: {len(vectors['vectors'])} vectors")


main()
