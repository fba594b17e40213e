// Objects of one bucket of S3, through Arrow's S3 file system.

#include <arrow/filesystem/s3fs.h>
#include <arrow/util/future.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "corpus/arrow/plugin_internal.h"

namespace cofferdam::corpus::arrow_abi {

struct Store {
  std::shared_ptr<arrow::fs::S3FileSystem> system;
  std::string bucket;

  std::string Path(std::string_view name) const {
    std::string path = bucket;
    path += '/';
    path += name;
    return path;
  }
};

namespace {

// Servers other than Amazon's mostly know no checksums at the end of an upload,
// and would store them as part of it. AWS's library takes the variables that
// its users set; where they set none, it is told to ask for no checksum that an
// operation can do without.
void SetChecksums() {
  for (const char* name :
       {"AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"})
    ::setenv(name, "when_required", /*overwrite=*/0);
}

// Once for the process.
arrow::Status UseS3(Text endpoint) {
  static std::once_flag once;
  static arrow::Status status;
  std::call_once(once, [&] {
    if (endpoint.bytes > 0) SetChecksums();
    arrow::fs::S3GlobalOptions options = arrow::fs::S3GlobalOptions::Defaults();
    options.log_level = arrow::fs::S3LogLevel::Off;
    status = arrow::fs::InitializeS3(options);
  });
  return status;
}

// AWS's library wants to be ended while it can still run: before the
// destructors of its statics, of which the first client makes the last.
void EndS3AtExit() {
  static std::once_flag once;
  std::call_once(
      once, [] { std::atexit([] { (void)arrow::fs::EnsureS3Finalized(); }); });
}

const char* Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// "http://host:port/" as its two halves.
void SetEndpoint(std::string_view endpoint, arrow::fs::S3Options* options) {
  const size_t scheme = endpoint.find("://");
  if (scheme != std::string_view::npos) {
    options->scheme = std::string(endpoint.substr(0, scheme));
    endpoint.remove_prefix(scheme + 3);
  }
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  options->endpoint_override = std::string(endpoint);
}

// Where AWS's tools look: an endpoint of one's own has no regions to ask for.
arrow::Status SetRegion(const Store& store, arrow::fs::S3Options* options) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    options->region = Variable(name);
    if (!options->region.empty()) return arrow::Status::OK();
  }
  if (!options->endpoint_override.empty()) {
    options->region = "us-east-1";
    return arrow::Status::OK();
  }
  return arrow::fs::ResolveS3BucketRegion(store.bucket).Value(&options->region);
}

constexpr double kConnectSeconds = 10;
constexpr double kRequestSeconds = 60;
constexpr int64_t kAttemptsMax = 5;
// Their names are held in memory to be sorted.
constexpr size_t kObjectsMax = 5'000'000;

arrow::Status Open(Text bucket, Text endpoint, Store* store) {
  ARROW_RETURN_NOT_OK(UseS3(endpoint));
  store->bucket = String(bucket);
  arrow::fs::S3Options options = arrow::fs::S3Options::Defaults();
  options.connect_timeout = kConnectSeconds;
  options.request_timeout = kRequestSeconds;
  options.retry_strategy =
      arrow::fs::S3RetryStrategy::GetAwsStandardRetryStrategy(kAttemptsMax);
  if (endpoint.bytes > 0) SetEndpoint(View(endpoint), &options);
  ARROW_RETURN_NOT_OK(SetRegion(*store, &options));
  auto made = arrow::fs::S3FileSystem::Make(options);
  EndS3AtExit();
  return std::move(made).Value(&store->system);
}

// S3 lists whole objects below a "folder" only; a prefix that ends within a
// name is asked for by its folder and held against each name.
arrow::Status List(const Store& store, std::string_view prefix,
                   OnObject on_object, void* context) {
  arrow::fs::FileSelector select;
  const size_t folder = prefix.rfind('/');
  select.base_dir = folder == std::string_view::npos
                        ? store.bucket
                        : store.Path(prefix.substr(0, folder));
  select.recursive = true;
  std::vector<arrow::fs::FileInfo> found;
  auto next_page = store.system->GetFileInfoGenerator(select);
  while (true) {
    // Its result lives in the future.
    const auto coming = next_page();
    ARROW_ASSIGN_OR_RAISE(arrow::fs::FileInfoVector page, coming.result());
    if (page.empty()) break;
    for (arrow::fs::FileInfo& info : page) {
      if (info.IsFile()) found.push_back(std::move(info));
    }
    if (found.size() > kObjectsMax)
      return arrow::Status::CapacityError("more than ", kObjectsMax,
                                          " objects; name a longer prefix");
  }
  std::sort(found.begin(), found.end(),
            [](const arrow::fs::FileInfo& a, const arrow::fs::FileInfo& b) {
              return a.path() < b.path();
            });
  for (const arrow::fs::FileInfo& info : found) {
    std::string_view name = info.path();
    name.remove_prefix(std::min(name.size(), store.bucket.size() + 1));
    if (!name.starts_with(prefix)) continue;
    const Object object = {{name.data(), name.size()},
                           static_cast<uint64_t>(info.size())};
    if (!on_object(context, &object)) break;
  }
  return arrow::Status::OK();
}

}  // namespace

Outcome StoreOpen(Text bucket, Text endpoint, Store** store, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    auto made = std::make_unique<Store>();
    ARROW_RETURN_NOT_OK(Open(bucket, endpoint, made.get()));
    *store = made.release();
    return arrow::Status::OK();
  });
}

void StoreClose(Store* store) { delete store; }

Outcome StoreList(Store* store, Text prefix, OnObject on_object, void* context,
                  Failure* failure) {
  return Guard(failure,
               [&] { return List(*store, View(prefix), on_object, context); });
}

arrow::Result<std::shared_ptr<arrow::io::RandomAccessFile>> StoreRead(
    Store* store, std::string_view name) {
  return store->system->OpenInputFile(store->Path(name));
}

arrow::Result<std::shared_ptr<arrow::io::OutputStream>> StoreWrite(
    Store* store, std::string_view name) {
  return store->system->OpenOutputStream(store->Path(name));
}

}  // namespace cofferdam::corpus::arrow_abi
