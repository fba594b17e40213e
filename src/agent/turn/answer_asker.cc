#include "agent/turn/answer_asker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/turn/compaction.h"
#include "agent/turn/flatten.h"

namespace cofferdam::agent {
namespace {

// Room left for an answer, when nothing says how long it may be.
constexpr int64_t kAnswerTokensReserved = 4096;
// An engine is asked for its facts only when a request has grown so long that
// they may matter: a question more before the first request costs time.
constexpr int64_t kTokensBeforeFacts = 4000;
// Of an estimate, by how much the engine may count more.
constexpr int64_t kEstimateShareOff = 8;  // an eighth
constexpr int64_t kEstimateTokensOff = 64;
// A smaller limit would cut every answer: then the history is too long.
constexpr int64_t kOutputTokensLeast = 512;
// How much of a text may come between two looks at whether it runs away.
constexpr size_t kRunawayLookBytes = 1500;

// Passes an answer on as it comes, and stops one that repeats itself for ever.
class WatchedAnswer : public AnswerListener {
 public:
  WatchedAnswer(Observer& observer, std::stop_token stop)
      : observer_(observer),
        forward_(stop, [this] { stop_source_.request_stop(); }) {}

  void OnText(std::string_view piece) override {
    heard_ = true;
    Watch(piece, &text_);
    observer_.OnText(piece);
  }
  void OnThinking(std::string_view piece) override {
    heard_ = true;
    Watch(piece, &thinking_);
    observer_.OnThinking(piece);
  }
  void OnCall(std::string_view) override { heard_ = true; }

  std::stop_token stop_token() const { return stop_source_.get_token(); }
  bool heard() const { return heard_; }
  bool ran_away() const { return ran_away_; }

 private:
  struct Watched {
    std::string tail;
    size_t unseen = 0;
  };

  void Watch(std::string_view piece, Watched* watched) {
    watched->tail += piece;
    watched->unseen += piece.size();
    if (watched->unseen < kRunawayLookBytes) return;
    watched->unseen = 0;
    if (RunsAway(watched->tail)) {
      ran_away_ = true;
      stop_source_.request_stop();
    }
    if (watched->tail.size() > 2 * kRunawayBytes) {
      watched->tail.erase(0, watched->tail.size() - kRunawayBytes);
    }
  }

  Observer& observer_;
  std::stop_source stop_source_;
  std::stop_callback<std::function<void()>> forward_;
  Watched text_;
  Watched thinking_;
  bool heard_ = false;
  bool ran_away_ = false;
};

TurnEnding Interrupted() {
  return {TurnEnd::kInterrupted, "interrupted by the user"};
}

}  // namespace

Sampling AnswerAsker::SamplingNow() const {
  if (is_plain_) return {};
  Sampling sampling = state_.parts.model.sampling;
  if (other_sampling_ > 0) {
    // Colder first, since most broken calls come from hot sampling; a model
    // that is cold already is warmed up.
    bool was_cold = sampling.temperature.value_or(1.0) <= 0.3;
    sampling.temperature = was_cold == (other_sampling_ % 2 == 1) ? 0.7 : 0.2;
  }
  return sampling;
}

std::optional<int64_t> AnswerAsker::OutputTokensMax() const {
  std::optional<int64_t> most = state_.parts.model.output_tokens_max;
  if (!most.has_value() || !state_.context_tokens.has_value()) return most;
  const int64_t tokens = state_.EstimatedTokens();
  const int64_t left = *state_.context_tokens - tokens -
                       tokens / kEstimateShareOff - kEstimateTokensOff;
  return std::min(*most, std::max(left, kOutputTokensLeast));
}

Engine::Reply AnswerAsker::Send(bool* ran_away) {
  EngineRequest request;
  request.system = state_.parts.system;
  request.messages = state_.history.messages();
  request.tools = state_.specs;
  request.sampling = SamplingNow();
  if (!is_plain_) {
    request.output_tokens_max = OutputTokensMax();
    request.answer_schema = limits_.answer_schema;
  }
  if (!limits_.answer_schema.empty()) {
    request.tool_choice = EngineRequest::ToolChoice::kNone;
  }
  size_t bytes =
      state_.BytesBeforeMessages() + BytesOfMessages(state_.history.messages());
  WatchedAnswer listener(observer_, stop_);
  ++requests_;
  Engine::Reply reply =
      state_.parts.engine->Complete(request, listener, listener.stop_token());
  *ran_away = listener.ran_away() && !stop_.stop_requested();
  if (state_.Count(reply.answer, bytes)) observer_.OnMeter(state_.meter);
  if ((reply.fault.has_value() || *ran_away) && listener.heard() &&
      !stop_.stop_requested()) {
    observer_.OnAnswerDropped(*ran_away ? "it repeated itself"
                                        : reply.fault->message);
  }
  return reply;
}

std::optional<TurnEnding> AnswerAsker::CheckLimits() {
  if (stop_.stop_requested()) return Interrupted();
  if (limits_.requests_max.has_value() && requests_ >= *limits_.requests_max) {
    return TurnEnding{TurnEnd::kTurnLimit,
                      fmt::format("the limit of {} requests is reached",
                                  *limits_.requests_max)};
  }
  if (limits_.cost_micros_max.has_value() &&
      state_.meter.cost_micros.value_or(0) >= *limits_.cost_micros_max) {
    return TurnEnding{TurnEnd::kCostLimit,
                      fmt::format("the limit of ${:.2f} is reached",
                                  *limits_.cost_micros_max / 1e6)};
  }
  return std::nullopt;
}

std::optional<TurnEnding> AnswerAsker::MakeRoom() {
  int64_t tokens = state_.EstimatedTokens();
  const std::optional<int64_t>& assumed = state_.parts.model.context_tokens;
  int64_t asks_from =
      std::min(kTokensBeforeFacts, assumed.value_or(INT64_MAX) / 2);
  if (!state_.context_tokens.has_value() && tokens >= asks_from) {
    auto told = state_.parts.engine->Facts(stop_).context_tokens;
    state_.context_tokens = told.has_value() ? told : assumed;
    state_.meter.context_size = state_.context_tokens.value_or(0);
  }
  if (!state_.context_tokens.has_value()) return std::nullopt;
  int64_t size = *state_.context_tokens;
  int64_t reserve = std::min(
      state_.parts.model.output_tokens_max.value_or(kAnswerTokensReserved),
      size / 4);
  if (tokens + reserve <= size) return std::nullopt;
  Compaction compaction(state_, observer_, stop_);
  Status shortened = compaction.Run(1, "");
  if (shortened.ok()) return std::nullopt;
  if (stop_.stop_requested()) return Interrupted();
  return TurnEnding{TurnEnd::kEngineFault, shortened.error().message()};
}

AnswerAsker::Asked AnswerAsker::Ask() {
  for (;;) {
    if (auto ending = CheckLimits()) return {{}, ending, false};
    if (auto ending = MakeRoom()) return {{}, ending, false};
    bool ran_away = false;
    Engine::Reply reply = Send(&ran_away);
    if (stop_.stop_requested()) return {std::move(reply.answer), Interrupted()};
    other_sampling_ = 0;
    is_plain_ = false;
    std::optional<TurnEnding> ending;
    if (ran_away) {
      ending = TakeSetback(Setback::kRunawayText,
                           "the model repeated the same words over and over");
    } else if (reply.fault.has_value()) {
      ending = AfterFault(*reply.fault);
    } else {
      // An answer came whole: faults of the way to the engine are over.
      std::erase_if(attempts_, [](const auto& entry) {
        return entry.first < Setback::kEmptyAnswer;
      });
      return {std::move(reply.answer), std::nullopt};
    }
    if (ending.has_value()) return {std::move(reply.answer), ending};
  }
}

std::optional<TurnEnding> AnswerAsker::AfterFault(const EngineFault& fault) {
  std::optional<Setback> setback = SetbackOf(fault.kind);
  if (!setback.has_value()) {
    TurnEnd end = fault.kind == EngineFault::Kind::kCancelled
                      ? TurnEnd::kInterrupted
                      : TurnEnd::kRefused;
    return TurnEnding{end, fault.message};
  }
  if (*setback == Setback::kContextTooLong) {
    // What the engine says now is truer than what was thought before.
    int64_t tokens = state_.EstimatedTokens();
    int64_t said = fault.context_tokens.value_or(tokens * 9 / 10);
    const std::optional<int64_t> most = OutputTokensMax();
    state_.context_tokens =
        std::min(state_.context_tokens.value_or(said), said);
    state_.meter.context_size = *state_.context_tokens;
    const std::optional<int64_t> now = OutputTokensMax();
    if (now < most && *now > kOutputTokensLeast) {
      setback = Setback::kNoRoomToAnswer;
    }
  }
  return TakeSetback(*setback, fault.message, fault.retry_after_ms);
}

std::optional<TurnEnding> AnswerAsker::TakeSetback(Setback setback,
                                                   std::string_view detail,
                                                   int64_t retry_after_ms) {
  int attempt = ++attempts_[setback];
  ++setbacks_;
  std::optional<Remedy> remedy = RemedyFor(setback, attempt);
  if (!remedy.has_value() || setbacks_ > kSetbacksPerTurnMax ||
      retry_after_ms > kRetryAfterMsMax) {
    return TurnEnding{
        EndOf(setback),
        attempt == 1 ? std::string(detail)
                     : fmt::format("{} (after {} tries)", detail, attempt)};
  }
  double random_share = kJitterLeast;
  uint8_t byte = 0;
  state_.parts.random->Fill({&byte, 1});
  random_share += (1 - kJitterLeast) * byte / 255.0;
  int64_t wait_ms = std::max(
      retry_after_ms, static_cast<int64_t>(
                          static_cast<double>(remedy->wait_ms) * random_share));
  observer_.OnNotice(
      wait_ms >= 1000
          ? fmt::format("{}: {}; again in {} s", SetbackName(setback), detail,
                        (wait_ms + 500) / 1000)
          : fmt::format("{}: {}; again", SetbackName(setback), detail));
  if (wait_ms > 0 && !state_.parts.wait(wait_ms, stop_)) return Interrupted();
  return Apply(*remedy, setback, attempt);
}

std::optional<TurnEnding> AnswerAsker::Apply(const Remedy& remedy,
                                             Setback setback, int attempt) {
  Status done;
  switch (remedy.change) {
    case Remedy::Change::kNothing:
      break;
    case Remedy::Change::kOtherSampling:
      other_sampling_ = attempt;
      break;
    case Remedy::Change::kPlainRequest:
      is_plain_ = true;
      break;
    case Remedy::Change::kTellModel:
      other_sampling_ = attempt;
      done = state_.history.AddNote(remedy.words);
      break;
    case Remedy::Change::kFlatten:
      observer_.OnNotice("the last calls go to the model as plain words");
      done = FlattenLastCalls(&state_.history);
      break;
    case Remedy::Change::kCompact:
      done = Compaction(state_, observer_, stop_).RunAfterRefusal(attempt);
      break;
  }
  if (done.ok()) return std::nullopt;
  if (stop_.stop_requested()) return Interrupted();
  return TurnEnding{EndOf(setback), done.error().message()};
}

}  // namespace cofferdam::agent
