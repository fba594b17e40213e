#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "wire/blocks.h"
#include "wire/lenient_json.h"
#include "wire/meters.h"
#include "wire/provider_names.h"
#include "wire/text_budget.h"
#include "wire/tools.h"
#include "wire/usage.h"

namespace cofferdam::wire {
namespace {

// A content block as it streams in.
struct Block {
  std::string type;
  std::string tool;
  std::string call_id;
  // Words, or the JSON text of a tool's input.
  JoinedText text;
};

class AnthropicMeter : public Meter {
 public:
  explicit AnthropicMeter(MeterLimits limits)
      : limits_(limits), budget_(limits.text_bytes_max) {}

  void OnEvent(std::string_view event_name, std::string_view data) override {
    if (answer_.ended || event_name == "ping") return;
    Result<LenientJson> json = ParseLenient(data, Halves::kMark);
    if (!json.ok() || !Read(event_name, *json)) ++answer_.bad_events;
  }

  void OnBody(std::string_view body) override {
    Result<LenientJson> json = ParseLenient(body, Halves::kReplace);
    if (!json.ok()) {
      ++answer_.bad_events;
      return;
    }
    JsonValue root = json->document.root();
    answer_.error_type = ErrorNameOf(root);
    JsonValue content = root["content"];
    if (answer_.error_type.empty() && !content.is_array()) {
      ++answer_.bad_events;
      return;
    }
    ReadMessage(root);
    for (const JsonValue& block : content.Elements()) {
      AddBlock(block, &answer_.parts);
      answer_.output_chars += BlockChars(block);
    }
    budget_.Admit(&answer_.parts);
    ReadStopReason(root);
    is_final_ = usage_.has_output();
    answer_.ended = true;
  }

  bool ended() const override { return answer_.ended; }

  Answer Finish() override {
    for (auto& [index, block] : blocks_) AddStreamed(std::move(block));
    blocks_.clear();
    if (answer_.parts.size() > limits_.parts_max) {
      answer_.parts.resize(limits_.parts_max);
      dropped_ = true;
    }
    answer_.truncated = dropped_ || budget_.truncated();
    answer_.usage = usage_.ToUsage();
    answer_.prompt_reported = usage_.has_input();
    if (is_final_) answer_.usage_source = UsageSource::kReported;
    return std::move(answer_);
  }

 private:
  // False when the event breaks the protocol.
  bool Read(std::string_view event_name, const LenientJson& json) {
    const JsonDocument& event = json.document;
    std::string_view type = event["type"].StringOrEmpty();
    if (type.empty()) type = event_name;
    if (type == "content_block_delta") return ReadDelta(event, json.marked);
    if (type == "content_block_start") return ReadStart(event, json.marked);
    if (type == "message_start") {
      if (!event["message"].is_object()) return false;
      ReadMessage(event["message"]);
    } else if (type == "message_delta") {
      ReadStopReason(event["delta"]);
      usage_.Merge(event["usage"]);
      // The last one says why it stopped, and its counts are the totals.
      bool has_count = event["usage"]["output_tokens"].Double().has_value();
      if (has_count && !answer_.stop_reason.empty()) is_final_ = true;
    } else if (type == "message_stop") {
      answer_.ended = true;
    } else if (type == "error") {
      answer_.error_type = ErrorNameOf(event.root());
      if (answer_.error_type.empty()) answer_.error_type = "other";
      answer_.ended = true;
    } else {
      // content_block_stop, ping, and events to come.
      return !type.empty();
    }
    return true;
  }

  void ReadMessage(const JsonValue& message) {
    answer_.provider_response_id = ShortName(message["id"].StringOrEmpty());
    answer_.model = ShortName(message["model"].StringOrEmpty());
    usage_.Merge(message["usage"]);
  }

  void ReadStopReason(const JsonValue& holder) {
    std::string reason = ErrorName(holder["stop_reason"].StringOrEmpty());
    if (!reason.empty()) answer_.stop_reason = std::move(reason);
  }

  // The block of the event's index; null when there are too many.
  Block* BlockAt(int64_t index) {
    auto found = blocks_.find(index);
    if (found != blocks_.end()) return &found->second;
    if (blocks_.size() >= limits_.parts_max) {
      dropped_ = true;
      return nullptr;
    }
    return &blocks_[index];
  }

  bool ReadStart(const JsonDocument& event, bool marked) {
    std::optional<int64_t> index = event["index"].Int();
    JsonValue content = event["content_block"];
    if (!index || !content.is_object()) return false;
    Block* block = BlockAt(*index);
    if (block == nullptr) return true;
    // A second start of the same index: the first one's text stays.
    block->type = content["type"].StringOrEmpty();
    block->tool = ShortName(content["name"].StringOrEmpty());
    block->call_id = ShortName(content["id"].StringOrEmpty());
    for (std::string_view name : {"text", "thinking"}) {
      if (auto text = content[name].String()) Append(*text, marked, block);
    }
    JsonValue input = content["input"];
    if (input.is_object() && !input.Members().empty()) {
      Append(JsonWriter().Value(input).text(), marked, block);
    }
    return true;
  }

  bool ReadDelta(const JsonDocument& event, bool marked) {
    std::optional<int64_t> index = event["index"].Int();
    JsonValue delta = event["delta"];
    if (!index || !delta.is_object()) return false;
    Block* block = BlockAt(*index);
    for (const auto& [name, value] : delta.Members()) {
      bool is_text = name == "text" || name == "thinking" ||
                     name == "partial_json" || name == "content";
      if (!is_text || !value.is_string()) continue;
      if (block == nullptr) {
        answer_.output_chars += CountChars(value.StringOrEmpty());
        continue;
      }
      if (block->type.empty()) block->type = TypeOfDelta(name);
      Append(value.StringOrEmpty(), marked, block);
    }
    return true;
  }

  // What a block is whose start was lost.
  static std::string_view TypeOfDelta(std::string_view member) {
    if (member == "partial_json") return "tool_use";
    return member == "thinking" ? "thinking" : "text";
  }

  void Append(std::string_view text, bool marked, Block* block) {
    if (IsResultBlock(block->type)) return;
    answer_.output_chars += CountChars(text);
    budget_.Append(text, marked, &block->text);
  }

  void AddStreamed(Block block) {
    std::string text = std::move(block.text).Take();
    if (IsCallBlock(block.type)) {
      for (Part& part : PartsOfJsonText(block.tool, block.call_id, text)) {
        answer_.parts.push_back(std::move(part));
      }
    } else {
      bool is_thinking = block.type == "thinking";
      AddWords(is_thinking ? PartKind::kThinking : PartKind::kText, text,
               &answer_.parts);
    }
  }

  static int64_t BlockChars(const JsonValue& block) {
    int64_t chars = 0;
    if (IsResultBlock(block["type"].StringOrEmpty())) return 0;
    for (std::string_view name : {"text", "thinking", "content"}) {
      chars += CountChars(block[name].StringOrEmpty());
    }
    if (block["input"].is_object()) {
      chars += CountChars(JsonWriter().Value(block["input"]).text());
    }
    return chars;
  }

  MeterLimits limits_;
  TextBudget budget_;
  Answer answer_;
  AnthropicUsage usage_;
  // The provider has reported the totals.
  bool is_final_ = false;
  bool dropped_ = false;
  std::map<int64_t, Block> blocks_;
};

}  // namespace

std::unique_ptr<Meter> MakeAnthropicMeter(MeterLimits limits) {
  return std::make_unique<AnthropicMeter>(limits);
}

}  // namespace cofferdam::wire
