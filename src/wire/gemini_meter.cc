#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "wire/gemini_turn.h"
#include "wire/lenient_json.h"
#include "wire/meters.h"
#include "wire/proto_json.h"
#include "wire/provider_names.h"
#include "wire/text_budget.h"
#include "wire/usage.h"

namespace cofferdam::wire {
namespace {

struct Candidate {
  GeminiTurn turn;
  bool finished = false;
};

class GeminiMeter : public Meter {
 public:
  explicit GeminiMeter(MeterLimits limits)
      : limits_(limits), budget_(limits.text_bytes_max) {}

  void OnEvent(std::string_view /*event_name*/,
               std::string_view data) override {
    Result<LenientJson> json = ParseLenient(data, Halves::kMark);
    if (!json.ok() || !ReadChunk(json->document.root(), json->marked)) {
      ++answer_.bad_events;
    }
  }

  // One answer, or the array form when it came whole. Errors of streams come
  // in an array, too.
  void OnBody(std::string_view body) override {
    Result<LenientJson> json = ParseLenient(body, Halves::kMark);
    if (!json.ok()) {
      ++answer_.bad_events;
      return;
    }
    const JsonValue root = json->document.root();
    if (root.is_array()) {
      for (const JsonValue& chunk : root.Elements()) {
        if (!ReadChunk(chunk, json->marked)) ++answer_.bad_events;
      }
    } else if (!ReadChunk(root, json->marked)) {
      ++answer_.bad_events;
      return;
    }
    // Whole, so its counts are the totals.
    is_final_ = is_final_ || has_usage_;
    whole_ = true;
  }

  bool ended() const override { return false; }

  Answer Finish() override {
    bool all_finished = !candidates_.empty();
    for (auto& [index, candidate] : candidates_) {
      all_finished = all_finished && candidate.finished;
      for (Part& part : std::move(candidate.turn).Take()) {
        answer_.parts.push_back(std::move(part));
      }
    }
    candidates_.clear();
    if (answer_.parts.size() > limits_.parts_max) {
      answer_.parts.resize(limits_.parts_max);
      dropped_ = true;
    }
    answer_.truncated = dropped_ || budget_.truncated();
    answer_.ended =
        whole_ || all_finished || blocked_ || !answer_.error_type.empty();
    answer_.nothing_unseen = blocked_ && answer_.output_chars == 0;
    if (is_final_) answer_.usage_source = UsageSource::kReported;
    return std::move(answer_);
  }

 private:
  // False when the chunk breaks the protocol.
  bool ReadChunk(const JsonValue& chunk, bool marked) {
    if (!chunk.is_object()) return false;
    std::string error = ErrorNameOf(chunk);
    const bool is_error = !error.empty();
    if (is_error) answer_.error_type = std::move(error);
    ReadNames(chunk);
    const JsonValue candidates = chunk["candidates"];
    for (const JsonValue& candidate : candidates.Elements()) {
      ReadCandidate(candidate, marked);
    }
    const JsonValue feedback = EitherOf(chunk, "promptFeedback");
    std::string reason =
        ErrorName(EitherOf(feedback, "blockReason").StringOrEmpty());
    if (!reason.empty()) {
      answer_.stop_reason = std::move(reason);
      blocked_ = true;
    }
    const bool has_usage = ReadUsage(EitherOf(chunk, "usageMetadata"));
    return is_error || candidates.is_array() || feedback.is_object() ||
           has_usage;
  }

  void ReadNames(const JsonValue& chunk) {
    if (answer_.provider_response_id.empty()) {
      answer_.provider_response_id =
          ShortName(EitherOf(chunk, "responseId").StringOrEmpty());
    }
    if (answer_.model.empty()) {
      answer_.model =
          ShortName(EitherOf(chunk, "modelVersion").StringOrEmpty());
    }
  }

  // Each report is of the answer so far; the one that comes with the end of
  // all candidates, or behind it, is of the whole.
  bool ReadUsage(const JsonValue& metadata) {
    std::optional<Usage> usage = GeminiUsage(metadata);
    if (!usage) return false;
    answer_.usage = *usage;
    answer_.prompt_reported = true;
    has_usage_ = true;
    bool all_finished = !candidates_.empty();
    for (const auto& [index, candidate] : candidates_) {
      all_finished = all_finished && candidate.finished;
    }
    if (all_finished || blocked_) is_final_ = true;
    return true;
  }

  void ReadCandidate(const JsonValue& value, bool marked) {
    const int64_t index = value["index"].Int().value_or(0);
    Candidate* candidate = CandidateAt(index);
    for (const JsonValue& part : value["content"]["parts"].Elements()) {
      // Beyond the limit a turn of its own takes what is only counted.
      GeminiTurn dropped;
      const bool fits =
          candidate != nullptr && candidate->turn.pieces() < limits_.parts_max;
      dropped_ = dropped_ || !fits;
      GeminiTurn* turn = fits ? &candidate->turn : &dropped;
      TextBudget none(0);
      answer_.output_chars += turn->Add(part, marked, fits ? &budget_ : &none);
    }
    std::string reason =
        ErrorName(EitherOf(value, "finishReason").StringOrEmpty());
    if (reason.empty()) return;
    answer_.stop_reason = std::move(reason);
    if (candidate != nullptr) candidate->finished = true;
  }

  // Null when there are too many.
  Candidate* CandidateAt(int64_t index) {
    auto found = candidates_.find(index);
    if (found != candidates_.end()) return &found->second;
    if (candidates_.size() >= limits_.parts_max) {
      dropped_ = true;
      return nullptr;
    }
    return &candidates_[index];
  }

  MeterLimits limits_;
  TextBudget budget_;
  Answer answer_;
  std::map<int64_t, Candidate> candidates_;
  bool whole_ = false;
  bool blocked_ = false;
  bool has_usage_ = false;
  bool is_final_ = false;
  bool dropped_ = false;
};

}  // namespace

std::unique_ptr<Meter> MakeGeminiMeter(MeterLimits limits) {
  return std::make_unique<GeminiMeter>(limits);
}

}  // namespace cofferdam::wire
