#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/arrow_plugin_internal.h"
#include "corpus/byte_source.h"
#include "corpus/source.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {

inline constexpr std::string_view kObjectScheme = "s3://";

// "s3://bucket/name": a bucket, and a name or the begin of names in it.
struct ObjectPath {
  std::string bucket;
  std::string name;
};
// kInvalid for what has no bucket.
Result<ObjectPath> ParseObjectPath(std::string_view path);

// One bucket of a server that speaks S3, found as AWS's tools find it:
// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL name a server of one's own,
// AWS_REGION or AWS_DEFAULT_REGION the region; credentials come from
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, profiles, roles. From any
// thread.
class ObjectStore {
 public:
  static Result<std::shared_ptr<const ObjectStore>> Open(
      const std::string& bucket);

  struct Object {
    std::string name;
    uint64_t bytes = 0;
  };
  // All whose names begin with `prefix`, in byte order; kTooLarge beyond five
  // million of them.
  Result<std::vector<Object>> List(std::string_view prefix) const;

  // An object from its begin to its end, read ahead by kObjectReadBytes.
  Result<std::unique_ptr<ByteSource>> Read(const std::string& name) const;

  const std::shared_ptr<arrow_abi::Store>& handle() const { return store_; }

 private:
  const arrow_abi::Api* api_ = nullptr;
  std::shared_ptr<arrow_abi::Store> store_;
};

// Asked for at once.
inline constexpr uint64_t kObjectReadBytes = uint64_t{8} << 20;

// The objects below `paths`, each "s3://…"; kNotFound for a path that is the
// begin of no object's name.
Result<std::unique_ptr<Source>> OpenObjects(
    const std::vector<std::string>& paths,
    std::shared_ptr<const Unpacking> shared);

}  // namespace cofferdam::corpus
