// A server of S3 on loopback, its objects below the folder argv[2], with the
// buckets argv[3]… Prints its port, and ends when its stdin does.
const S3rver = require("s3rver");

const [directory, ...buckets] = process.argv.slice(2);
const server = new S3rver({
  address: "127.0.0.1",
  port: 0,
  silent: true,
  directory,
  configureBuckets: buckets.map((name) => ({ name })),
});
server.run().then(({ port }) => console.log(port));
process.stdin.on("end", () => process.exit(0)).resume();
