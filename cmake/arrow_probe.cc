// Built by cmake/arrow.cmake to see whether this Arrow and this compiler fit.
#include <arrow/api.h>
#include <arrow/filesystem/s3fs.h>
#include <parquet/arrow/reader.h>

int main() {
  const auto made = arrow::fs::S3FileSystem::Make(arrow::fs::S3Options());
  parquet::ReaderProperties properties(arrow::system_memory_pool());
  return made.ok() && properties.is_buffered_stream_enabled() ? 0 : 1;
}
