#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "wire/blocks.h"
#include "wire/chat_message.h"
#include "wire/lenient_json.h"
#include "wire/meters.h"
#include "wire/provider_names.h"
#include "wire/text_budget.h"
#include "wire/tools.h"
#include "wire/usage.h"

namespace cofferdam::wire {
namespace {

// A tool call as it streams in.
struct Call {
  std::string id;
  std::string tool;
  bool is_custom = false;
  JoinedText text;
};

// One of the answers (`choices`) that a request may ask for.
struct Choice {
  std::map<ChatSlot, JoinedText> texts;
  // By the order in which they began.
  std::vector<Call> calls;
  // From the index of a piece to its call.
  std::map<int64_t, size_t> call_at;
  bool finished = false;
};

class ChatMeter : public Meter {
 public:
  explicit ChatMeter(MeterLimits limits)
      : limits_(limits), budget_(limits.text_bytes_max) {}

  void OnEvent(std::string_view /*event_name*/,
               std::string_view data) override {
    if (done_) return;
    if (data == "[DONE]") {
      done_ = true;
      is_final_ = has_usage_;
      return;
    }
    Result<LenientJson> json = ParseLenient(data, Halves::kMark);
    if (!json.ok() || !ReadChunk(*json)) ++answer_.bad_events;
  }

  void OnBody(std::string_view body) override {
    Result<LenientJson> json = ParseLenient(body, Halves::kReplace);
    if (!json.ok()) {
      ++answer_.bad_events;
      return;
    }
    const JsonValue root = json->document.root();
    answer_.error_type = ErrorNameOf(root);
    const JsonValue choices = root["choices"];
    if (answer_.error_type.empty() && !choices.is_array()) {
      ++answer_.bad_events;
      return;
    }
    ReadNames(root);
    ReadUsage(root);
    is_final_ = has_usage_;
    for (const JsonValue& choice : choices.Elements()) {
      const JsonValue message = choice["message"];
      AddChatMessage(message, &answer_.parts);
      answer_.output_chars += ChatMessageChars(message);
      NoteReasoning(message);
      ReadFinish(choice);
    }
    budget_.Admit(&answer_.parts);
    done_ = true;
  }

  bool ended() const override { return done_; }

  Answer Finish() override {
    bool all_finished = !choices_.empty();
    for (auto& [index, choice] : choices_) {
      all_finished = all_finished && choice.finished;
      AddStreamed(std::move(choice));
    }
    choices_.clear();
    if (answer_.parts.size() > limits_.parts_max) {
      answer_.parts.resize(limits_.parts_max);
      dropped_ = true;
    }
    answer_.truncated = dropped_ || budget_.truncated();
    // Some servers send no [DONE].
    answer_.ended = done_ || all_finished || !answer_.error_type.empty();
    answer_.nothing_unseen = shows_reasoning_ && !hides_reasoning_;
    if (is_final_) answer_.usage_source = UsageSource::kReported;
    return std::move(answer_);
  }

 private:
  // False when the chunk breaks the protocol.
  bool ReadChunk(const LenientJson& json) {
    const JsonValue root = json.document.root();
    if (!root.is_object()) return false;
    ReadNames(root);
    // Not the end: usage and [DONE] may follow an error.
    std::string error = ErrorNameOf(root);
    const bool is_error = !error.empty();
    if (is_error) answer_.error_type = std::move(error);
    const std::vector<JsonValue> choices = root["choices"].Elements();
    for (const JsonValue& choice : choices) ReadChoice(choice, json.marked);
    const bool has_usage = ReadUsage(root);
    // Usage is the total where it comes with the end of all answers, or behind
    // it; some servers report it with every chunk.
    if (has_usage && AllFinished()) is_final_ = true;
    return is_error || has_usage || root["choices"].is_array();
  }

  void ReadNames(const JsonValue& root) {
    if (answer_.provider_response_id.empty()) {
      answer_.provider_response_id = ShortName(root["id"].StringOrEmpty());
    }
    if (answer_.model.empty()) {
      answer_.model = ShortName(root["model"].StringOrEmpty());
    }
  }

  bool ReadUsage(const JsonValue& root) {
    std::optional<Usage> usage = ChatUsage(root["usage"]);
    if (!usage) usage = ChatUsage(root["x_groq"]["usage"]);
    if (!usage) return false;
    answer_.usage = *usage;
    answer_.prompt_reported = true;
    has_usage_ = true;
    return true;
  }

  bool AllFinished() const {
    bool all = !choices_.empty();
    for (const auto& [index, choice] : choices_) all = all && choice.finished;
    return all;
  }

  bool ReadFinish(const JsonValue& choice) {
    std::string reason = ErrorName(choice["finish_reason"].StringOrEmpty());
    if (reason.empty()) return false;
    answer_.stop_reason = std::move(reason);
    return true;
  }

  void NoteReasoning(const JsonValue& message) {
    if (HidesReasoning(message)) hides_reasoning_ = true;
    ForEachChatText(message, [&](ChatSlot slot, std::string_view) {
      if (slot == ChatSlot::kReasoning) shows_reasoning_ = true;
    });
  }

  // One more of what parts_max bounds before parts are known.
  bool TakeSlot() {
    if (slots_ >= limits_.parts_max) {
      dropped_ = true;
      return false;
    }
    ++slots_;
    return true;
  }

  void ReadChoice(const JsonValue& value, bool marked) {
    const int64_t index = value["index"].Int().value_or(0);
    // Servers that ignore the difference send `message` in a stream, too.
    const JsonValue delta = value["delta"];
    Choice* choice = ChoiceAt(index);
    if (choice == nullptr) {
      answer_.output_chars += ChatMessageChars(delta);
      return;
    }
    if (HidesReasoning(delta)) hides_reasoning_ = true;
    ForEachChatText(delta, [&](ChatSlot slot, std::string_view text) {
      answer_.output_chars += CountChars(text);
      if (slot == ChatSlot::kReasoning) shows_reasoning_ = true;
      if (!choice->texts.contains(slot) && !TakeSlot()) return;
      budget_.Append(text, marked, &choice->texts[slot]);
    });
    for (const JsonValue& call : ChatCallsOf(delta)) {
      ReadCall(call, marked, choice);
    }
    if (ReadFinish(value)) choice->finished = true;
  }

  Choice* ChoiceAt(int64_t index) {
    auto found = choices_.find(index);
    if (found != choices_.end()) return &found->second;
    return TakeSlot() ? &choices_[index] : nullptr;
  }

  void ReadCall(const JsonValue& value, bool marked, Choice* choice) {
    const ChatCall piece = ReadChatCall(value);
    std::string object;
    if (piece.object.present()) {
      object = std::move(JsonWriter().Value(piece.object)).Take();
    }
    const std::string_view text = object.empty() ? piece.text : object;
    answer_.output_chars += CountChars(text);
    Call* call = CallOf(value["index"].Int(), piece.id, choice);
    if (call == nullptr) return;
    if (call->id.empty()) call->id = ShortName(piece.id);
    if (call->tool.empty()) call->tool = ShortName(piece.tool);
    call->is_custom = call->is_custom || piece.is_custom;
    budget_.Append(text, marked, &call->text);
  }

  // The call that a piece belongs to: by its index, unless that names another
  // call already (some servers number all calls 0); without an index by its
  // id, without both the latest.
  Call* CallOf(std::optional<int64_t> index, std::string_view id,
               Choice* choice) {
    std::vector<Call>& calls = choice->calls;
    size_t at = calls.size();
    if (index) {
      auto found = choice->call_at.find(*index);
      if (found != choice->call_at.end()) at = found->second;
    } else if (!id.empty()) {
      const std::string name = ShortName(id);
      at = 0;
      while (at < calls.size() && calls[at].id != name) ++at;
    } else if (!calls.empty()) {
      at = calls.size() - 1;
    }
    const bool is_other = at < calls.size() && !id.empty() &&
                          !calls[at].id.empty() &&
                          calls[at].id != ShortName(id);
    if (at < calls.size() && !is_other) return &calls[at];
    if (!TakeSlot()) return nullptr;
    calls.emplace_back();
    if (index) choice->call_at[*index] = calls.size() - 1;
    return &calls.back();
  }

  void AddStreamed(Choice choice) {
    for (auto& [slot, text] : choice.texts) {
      const bool is_reasoning = slot == ChatSlot::kReasoning;
      AddWords(is_reasoning ? PartKind::kThinking : PartKind::kText,
               std::move(text).Take(), &answer_.parts);
    }
    for (Call& call : choice.calls) {
      const std::string text = std::move(call.text).Take();
      if (text.empty()) continue;
      auto read = call.is_custom ? PartsOfFreeformCall : PartsOfJsonText;
      for (Part& part : read(call.tool, call.id, text)) {
        answer_.parts.push_back(std::move(part));
      }
    }
  }

  MeterLimits limits_;
  TextBudget budget_;
  Answer answer_;
  std::map<int64_t, Choice> choices_;
  size_t slots_ = 0;
  bool done_ = false;
  bool has_usage_ = false;
  bool is_final_ = false;
  bool dropped_ = false;
  bool shows_reasoning_ = false;
  bool hides_reasoning_ = false;
};

}  // namespace

std::unique_ptr<Meter> MakeChatMeter(MeterLimits limits) {
  return std::make_unique<ChatMeter>(limits);
}

}  // namespace cofferdam::wire
