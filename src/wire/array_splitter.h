#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cofferdam::wire {

// Splits a JSON array that comes in pieces (Gemini's answer to
// streamGenerateContent without alt=sse) into its elements, each as soon as it
// is whole. A body that is one object, as errors are, counts as its only
// element. The elements' own JSON is not checked. Memory is bounded by the
// longest element. Not thread-safe.
class ArraySplitter {
 public:
  // Longer elements are passed over and counted.
  static constexpr size_t kElementBytesMax = size_t{16} << 20;

  // The element's bytes, valid during the call.
  using Sink = std::function<void(std::string_view element)>;

  explicit ArraySplitter(size_t element_bytes_max = kElementBytesMax)
      : element_bytes_max_(element_bytes_max) {}

  // Pieces may be cut anywhere.
  void Feed(std::string_view piece, const Sink& sink);

  // The array's "]", or the end of the only object, has come; what follows is
  // passed over.
  bool closed() const { return state_ == State::kClosed; }
  // Neither an array nor an object, or elements that are neither; what follows
  // is passed over.
  bool broken() const { return state_ == State::kBroken; }
  // No element is open.
  bool between_elements() const { return state_ != State::kElement; }
  // Whole elements so far.
  uint64_t elements() const { return elements_; }
  uint64_t elements_skipped() const { return skipped_; }

 private:
  enum class State { kStart, kArray, kElement, kClosed, kBroken };

  void Outside(char c);
  // Whether the element ends with the byte at `*i`; moves on to that byte, or
  // to the end of the piece.
  bool Inside(std::string_view piece, size_t* i);
  void Keep(std::string_view bytes);
  void Emit(std::string_view last_bytes, const Sink& sink);

  const size_t element_bytes_max_;
  State state_ = State::kStart;
  bool is_array_ = false;
  size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  size_t bom_bytes_ = 0;
  // The open element as far as it came in earlier pieces.
  std::string held_;
  bool is_too_long_ = false;
  uint64_t elements_ = 0;
  uint64_t skipped_ = 0;
};

}  // namespace cofferdam::wire
