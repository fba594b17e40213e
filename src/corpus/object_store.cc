#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "corpus/object_store_internal.h"

namespace cofferdam::corpus {
namespace {

std::string Endpoint() {
  for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && value[0] != '\0') return value;
  }
  return "";
}

class ObjectBytes final : public ByteSource {
 public:
  ObjectBytes(const arrow_abi::Api* api,
              std::shared_ptr<arrow_abi::Store> store, FileHandle file,
              std::string name)
      : api_(api),
        store_(std::move(store)),
        file_(std::move(file)),
        name_(std::move(name)),
        left_(api->file_bytes(file_.get())) {}

  Result<size_t> Read(char* into, size_t bytes_max) override {
    if (failure_) return *failure_;
    if (at_ == ahead_.size() && left_ > 0) {
      Status filled = Fill();
      if (!filled.ok()) {
        failure_ = filled.error();
        return *failure_;
      }
    }
    const size_t size = std::min(bytes_max, ahead_.size() - at_);
    std::memcpy(into, ahead_.data() + at_, size);
    at_ += size;
    return size;
  }
  uint64_t bytes_taken() const override { return offset_; }

 private:
  Status Fill() {
    ahead_.resize(static_cast<size_t>(std::min(left_, kObjectReadBytes)));
    at_ = 0;
    uint64_t read = 0;
    arrow_abi::Failure failure;
    const arrow_abi::Outcome outcome = api_->file_read(
        file_.get(), offset_, ahead_.data(), ahead_.size(), &read, &failure);
    if (outcome != arrow_abi::Outcome::kOk) {
      ahead_.clear();
      return ArrowError(outcome, failure, name_);
    }
    ahead_.resize(static_cast<size_t>(read));
    offset_ += read;
    left_ = read == 0 ? 0 : left_ - read;
    return {};
  }

  const arrow_abi::Api* api_;
  std::shared_ptr<arrow_abi::Store> store_;  // goes after the file
  FileHandle file_;
  std::string name_;
  uint64_t offset_ = 0;
  uint64_t left_;
  std::string ahead_;
  size_t at_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<ObjectPath> ParseObjectPath(std::string_view path) {
  ObjectPath parsed;
  std::string_view rest = path;
  if (rest.starts_with(kObjectScheme)) rest.remove_prefix(kObjectScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  parsed.bucket = rest.substr(0, slash);
  parsed.name = rest.substr(std::min(slash + 1, rest.size()));
  if (!path.starts_with(kObjectScheme) || parsed.bucket.empty())
    return Error(Code::kInvalid,
                 std::string(path) + ": say s3://BUCKET or s3://BUCKET/NAME");
  return parsed;
}

Result<std::shared_ptr<const ObjectStore>> ObjectStore::Open(
    const std::string& bucket) {
  auto made = std::make_shared<ObjectStore>();
  TRY_ASSIGN(made->api_, ArrowPlugin());
  arrow_abi::Store* store = nullptr;
  arrow_abi::Failure failure;
  const std::string endpoint = Endpoint();
  const arrow_abi::Outcome outcome = made->api_->store_open(
      ArrowText(bucket), ArrowText(endpoint), &store, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, std::string(kObjectScheme) + bucket);
  made->store_ =
      std::shared_ptr<arrow_abi::Store>(store, made->api_->store_close);
  return std::shared_ptr<const ObjectStore>(std::move(made));
}

Result<std::vector<ObjectStore::Object>> ObjectStore::List(
    std::string_view prefix) const {
  std::vector<Object> objects;
  const arrow_abi::OnObject keep = [](void* context,
                                      const arrow_abi::Object* object) {
    static_cast<std::vector<Object>*>(context)->push_back(
        {std::string(object->name.data, object->name.bytes), object->bytes});
    return true;
  };
  arrow_abi::Failure failure;
  const arrow_abi::Outcome outcome = api_->store_list(
      store_.get(), ArrowText(prefix), keep, &objects, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, "list");
  return objects;
}

Result<std::unique_ptr<ByteSource>> ObjectStore::Read(
    const std::string& name) const {
  arrow_abi::File* file = nullptr;
  arrow_abi::Failure failure;
  const arrow_abi::Outcome outcome =
      api_->file_open(store_.get(), ArrowText(name), &file, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, name);
  return std::unique_ptr<ByteSource>(std::make_unique<ObjectBytes>(
      api_, store_, FileHandle(file, {api_}), name));
}

}  // namespace cofferdam::corpus
