import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { awsS3 } from "./postern-uppy5.js"; // or 4, or 6

const api = "http://127.0.0.1:8080/api";
const [form, progress, output] = document.querySelectorAll("form, progress, output");

function authorization() {
  const text = new TextEncoder().encode(`${form.elements.mail.value}:${form.elements.password.value}`); // UTF-8
  return `Basic ${btoa(String.fromCharCode(...text))}`;
}

const uppy = new Uppy();
uppy.use(AwsS3, awsS3(uppy, { api, authorization }));
uppy.on("progress", (percent) => (progress.value = percent));
uppy.on("upload-success", ({ id }) => (output.value = `Stored: ${uppy.getFile(id).meta.posternId}`));
uppy.on("upload-error", (file, error) => (output.value = `${file.name}: ${error.message}`));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const file of form.elements.file.files) uppy.addFile({ name: file.name, type: file.type, data: file });
  uppy.upload();
});
