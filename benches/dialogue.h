#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What is said in a bench of the gate, byte for byte: requests to an Anthropic
// Messages endpoint and the provider double's answers. Answers are the same
// every time but for digits of fixed width, so that whoever sends them builds
// them once, and whoever receives them can check every byte.
namespace cofferdam::bench {

// Of a streamed answer.
inline constexpr size_t kFrames = 64;
// Those that a held stream has sent when it waits (Pace::held).
inline constexpr size_t kHeldFrames = 4;
inline constexpr size_t kIdDigits = 16;
inline constexpr size_t kStampDigits = 19;
inline constexpr size_t kNowhere = static_cast<size_t>(-1);

// An answer's body. A whole one is one frame.
struct AnswerText {
  struct Frame {
    size_t end = 0;  // one past its last byte
    // Where its sender puts the time, in steady nanoseconds; or kNowhere.
    size_t stamp_at = kNowhere;
  };
  struct Digits {
    size_t at = 0;
    size_t count = 0;
  };
  std::string body;            // with zeros for digits
  std::vector<Digits> digits;  // in their order
  size_t id_at = 0;            // kIdDigits that no other answer has
  std::vector<Frame> frames;
};

const AnswerText& WholeAnswer();
const AnswerText& StreamedAnswer();
// A whole one of about 2 KB of code, each line of which holds numbers of its
// own: kCodeDigits digits at `digits`, but for the first, which are the id.
const AnswerText& CodeAnswer();
inline constexpr size_t kCodeDigits = 10;
// The number at the place `index` of the code that belongs to `seed`.
uint64_t CodeNumber(int64_t seed, size_t index);
// That code as it stands inside the answer's JSON string.
std::string CodeText(int64_t seed);

// How the frames of a streamed answer follow each other.
struct Pace {
  int64_t frame_interval_us = 0;  // 0: at once, one send each
  // Sends kHeldFrames, then waits for a request to /release; what is left
  // then comes at once.
  bool held = false;
};

struct RequestPlan {
  bool stream = false;
  Pace pace;
  // Not negative: answered with CodeAnswer, its numbers from this seed.
  int64_t code_seed = -1;
  size_t prompt_bytes = 2'000;
};

// A prompt of `bytes`, about, with nothing in it that JSON would escape.
std::string PromptText(size_t bytes);
// Head and body of a POST /v1/messages with `key`, a prompt of prompt_bytes.
std::string RequestBytes(std::string_view key, const RequestPlan& plan);
// The same with these `messages` (JSON objects, separated by commas) instead,
// as a turn of `session`.
std::string TurnBytes(std::string_view key, const RequestPlan& plan,
                      std::string_view session, std::string_view messages);
// Reads back what RequestBytes wrote, from the beginning of a request's body.
RequestPlan ReadPlan(std::string_view body_begin);
// Bytes of a body within which ReadPlan finds all it looks for.
inline constexpr size_t kPlanBytesMax = 192;

// `number` in decimal, filled up with zeros.
void PutDigits(char* at, size_t digits, uint64_t number);
// None unless all are digits.
std::optional<uint64_t> ReadDigits(std::string_view digits);

// CLOCK_MONOTONIC, which all processes of a machine share.
int64_t SteadyNanos();

}  // namespace cofferdam::bench
