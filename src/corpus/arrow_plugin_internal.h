#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "corpus/arrow_abi_internal.h"

namespace cofferdam::corpus {

// The calls of libcofferdam_arrow.so, which stands beside the program and is
// opened at the first call, once for the process, from any thread. kUnavailable
// where it is missing or does not fit, with what to do about it.
Result<const arrow_abi::Api*> ArrowPlugin();

// The same for a plugin at `path`.
Result<const arrow_abi::Api*> OpenArrowPlugin(const std::string& path);

// What a call that did not succeed means for `what`.
Error ArrowError(arrow_abi::Outcome outcome, const arrow_abi::Failure& failure,
                 std::string_view what);

inline arrow_abi::Text ArrowText(std::string_view text) {
  return {text.data(), text.size()};
}

// Owners of the plugin's objects.
template <typename T, void (*arrow_abi::Api::*kClose)(T*)>
struct ArrowClose {
  const arrow_abi::Api* api = nullptr;
  void operator()(T* object) const { (api->*kClose)(object); }
};
template <typename T, void (*arrow_abi::Api::*kClose)(T*)>
using ArrowHandle = std::unique_ptr<T, ArrowClose<T, kClose>>;

using StoreHandle = ArrowHandle<arrow_abi::Store, &arrow_abi::Api::store_close>;
using FileHandle = ArrowHandle<arrow_abi::File, &arrow_abi::Api::file_close>;
using OutputHandle =
    ArrowHandle<arrow_abi::Output, &arrow_abi::Api::output_close>;
using TableHandle = ArrowHandle<arrow_abi::Table, &arrow_abi::Api::table_close>;
using PartHandle = ArrowHandle<arrow_abi::Part, &arrow_abi::Api::part_close>;
using RewriteHandle =
    ArrowHandle<arrow_abi::Rewrite, &arrow_abi::Api::rewrite_close>;

// A schema or an array that is released when it goes.
template <typename T>
class ArrowOwned {
 public:
  ArrowOwned() = default;
  ArrowOwned(const ArrowOwned&) = delete;
  ArrowOwned& operator=(const ArrowOwned&) = delete;
  ~ArrowOwned() { Reset(); }

  T* get() { return &data_; }
  const T* get() const { return &data_; }
  const T* operator->() const { return &data_; }
  const T& operator*() const { return data_; }
  bool valid() const { return data_.release != nullptr; }
  void Reset() {
    if (data_.release != nullptr) data_.release(&data_);
    data_ = {};
  }

 private:
  T data_ = {};
};

}  // namespace cofferdam::corpus
