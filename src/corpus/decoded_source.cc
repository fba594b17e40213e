#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "corpus/decoded_source_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr size_t kInputBytes = size_t{128} << 10;

class DecodedSource final : public ByteSource {
 public:
  DecodedSource(std::unique_ptr<ByteSource> packed, Codec codec,
                const SourceLimits& limits,
                std::shared_ptr<UnpackBudget> budget)
      : packed_(std::move(packed)),
        codec_(codec),
        decoder_(MakeDecoder(codec)),
        limits_(limits),
        budget_(std::move(budget)),
        input_(std::make_unique_for_overwrite<char[]>(kInputBytes)) {}

  Result<size_t> Read(char* into, size_t bytes_max) override {
    if (failure_) return *failure_;
    Result<size_t> got = Decode(into, bytes_max);
    if (got.ok()) {
      budget_->unpacked += *got;
      if (auto bomb = OverBudget()) got = *bomb;
    }
    if (!got.ok()) failure_ = got.error();
    return got;
  }
  uint64_t bytes_taken() const override { return packed_->bytes_taken(); }

 private:
  Result<size_t> Decode(char* into, size_t bytes_max) {
    for (;;) {
      TRY_ASSIGN(size_t got, decoder_->Decode(&rest_, into, bytes_max));
      if (got > 0) return got;
      TRY_ASSIGN(size_t more, packed_->Read(input_.get(), kInputBytes));
      if (more == 0) {
        if (decoder_->at_end()) return size_t{0};
        return Error(Code::kCorrupt,
                     fmt::format("{} data ends early", CodecName(codec_)));
      }
      rest_ = {input_.get(), more};
    }
  }

  std::optional<Error> OverBudget() const {
    uint64_t unpacked = budget_->unpacked;
    if (unpacked > limits_.unpacked_bytes_max) {
      return Error(Code::kTooLarge, fmt::format("unpacks to more than {} bytes",
                                                limits_.unpacked_bytes_max));
    }
    if (unpacked <= limits_.unpacked_bytes_free) return std::nullopt;
    uint64_t taken = budget_->outermost->bytes_taken();
    if (unpacked / limits_.unpacked_ratio_max < taken) return std::nullopt;
    return Error(Code::kTooLarge,
                 fmt::format("unpacks to more than {} times its size",
                             limits_.unpacked_ratio_max));
  }

  std::unique_ptr<ByteSource> packed_;
  Codec codec_;
  std::unique_ptr<Decoder> decoder_;
  const SourceLimits limits_;
  std::shared_ptr<UnpackBudget> budget_;
  std::unique_ptr<char[]> input_;
  std::string_view rest_;  // of input_, not yet decoded
  std::optional<Error> failure_;
};

}  // namespace

std::unique_ptr<ByteSource> ReadDecoded(std::unique_ptr<ByteSource> packed,
                                        Codec codec, const SourceLimits& limits,
                                        std::shared_ptr<UnpackBudget> budget) {
  return std::make_unique<DecodedSource>(std::move(packed), codec, limits,
                                         std::move(budget));
}

}  // namespace cofferdam::corpus
