// The options with which @uppy/aws-s3 5 sends files to Postern. They are those of version 4, by this version's types.
export { awsS3 } from "./v4.ts";
