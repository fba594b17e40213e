#include "agent/turn/conversation_state.h"

#include <fmt/format.h>

#include <utility>

#include "agent/tools/tool_set.h"

#include "wire/types.h"

namespace cofferdam::agent {
namespace {

int64_t InputTokens(const wire::Usage& usage) {
  return usage.input_tokens + usage.cache_read_tokens +
         usage.cache_write_5m_tokens + usage.cache_write_1h_tokens;
}

int64_t CostMicros(const TokenPrices& prices, const wire::Usage& usage) {
  double micros =
      static_cast<double>(InputTokens(usage) - usage.cache_read_tokens) *
          static_cast<double>(prices.input) +
      static_cast<double>(usage.cache_read_tokens) *
          static_cast<double>(prices.cached) +
      static_cast<double>(usage.output_tokens) *
          static_cast<double>(prices.output);
  return static_cast<int64_t>(micros / 1e6 + 0.5);
}

size_t BytesOfAnswer(const EngineAnswer& answer) {
  size_t bytes = answer.text.size() + answer.thinking.size();
  for (const RawCall& call : answer.calls) {
    bytes += call.name.size() + call.arguments.size();
  }
  return bytes;
}

}  // namespace

ConversationState::ConversationState(ConversationParts made_of)
    : parts(std::move(made_of)),
      history(std::move(parts.session), std::move(parts.state.messages)),
      plan(std::move(parts.state.plan)),
      meter(parts.state.meter),
      mode(*parts.mode_in_use),
      permissions(parts.workspace, std::move(parts.allow)) {
  mode = parts.mode;
  ListTools();
  for (const Message& message : history.messages()) {
    for (const ToolCall& call : message.calls) ids.Keep(call.id);
  }
  if (!history.messages().empty()) told_mode = parts.state.mode;
  // The model may be another one than before.
  meter.context_size = 0;
}

void ConversationState::ListTools() {
  specs.clear();
  for (const auto& tool : parts.tools) {
    const std::vector<EditFormat>& formats = parts.model.edit_formats;
    if (formats.empty() || IsOffered(formats[edit_step], tool->spec().name)) {
      specs.push_back(tool->spec());
    }
  }
}

void ConversationState::TakeModel(ModelSettings settings) {
  parts.model = std::move(settings);
  context_tokens.reset();
  meter.context_size = 0;
  edit_step = 0;
  ListTools();
}

Result<bool> ConversationState::TakeNextEditStep() {
  const std::vector<EditFormat>& formats = parts.model.edit_formats;
  if (edit_step + 1 >= formats.size()) return false;
  TRY(history.file().AppendModel(
      parts.model.name, fmt::format("{}/{}", parts.model.profile,
                                    EditFormatName(formats[edit_step + 1]))));
  ++edit_step;
  ListTools();
  return true;
}

size_t ConversationState::BytesBeforeMessages() const {
  return parts.system.size() + BytesOfTools(specs);
}

int64_t ConversationState::EstimatedTokens() const {
  return estimate.Tokens(BytesBeforeMessages() +
                         BytesOfMessages(history.messages()));
}

bool ConversationState::Count(const EngineAnswer& answer,
                              size_t request_bytes) {
  wire::Usage usage = answer.usage;
  if (answer.usage_source == wire::UsageSource::kReported) {
    estimate.Learn(request_bytes, InputTokens(usage));
  } else if (BytesOfAnswer(answer) > 0) {
    usage.input_tokens = estimate.Tokens(request_bytes);
    usage.output_tokens = estimate.Tokens(BytesOfAnswer(answer));
  } else {
    return false;  // nothing came, and nothing is known of it
  }
  meter.context_used = InputTokens(usage) + usage.output_tokens;
  meter.input_tokens += InputTokens(usage);
  meter.cached_tokens += usage.cache_read_tokens;
  meter.output_tokens += usage.output_tokens;
  if (parts.model.prices.has_value()) {
    meter.cost_micros =
        meter.cost_micros.value_or(0) + CostMicros(*parts.model.prices, usage);
  }
  return true;
}

Tool* ConversationState::FindTool(std::string_view name) {
  for (const auto& tool : parts.tools) {
    if (tool->spec().name == name) return tool.get();
  }
  return nullptr;
}

}  // namespace cofferdam::agent
