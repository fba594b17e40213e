#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/observer.h"
#include "agent/tool.h"
#include "base/json.h"

// The `update` of a session/update of version 1, as JSON. Field names are those
// of schema/v1/schema.json; text may be any bytes.
namespace cofferdam::agent {

// What the client said of itself, as far as it changes what we send.
struct AcpClient {
  bool notices = false;     // clientCapabilities.session.notices
  bool compaction = false;  // clientCapabilities.session.compaction
  // clientCapabilities._meta.terminal_output: it shows the output of commands
  // that we run as a terminal of its own making, piece by piece.
  bool terminals = false;
};

// Who speaks; the kind of a chunk.
enum class AcpSpeaker { kUser, kAgent, kThought };
std::string ChunkUpdate(AcpSpeaker speaker, std::string_view message_id,
                        std::string_view text);

std::string PlanUpdate(const std::vector<PlanEntry>& plan);
std::string ModeUpdate(Mode mode);
// Context and cost; empty when the size of the context is not known.
std::string UsageUpdate(const Meter& meter);
std::string CommandsUpdate();
std::string SessionInfoUpdate(std::string_view title, int64_t changed_micros);
enum class AcpSeverity { kInfo, kWarning };
std::string NoticeUpdate(AcpSeverity severity, std::string_view line);
enum class AcpCompaction { kRunning, kDone, kFailed };
std::string CompactionUpdate(std::string_view id, AcpCompaction state,
                             std::string_view error);

// What can be chosen: the modes, and the options with their present values.
struct AcpChoices {
  Mode mode = Mode::kAsk;
  std::string model;
  std::vector<std::string> models;  // `model` is added where it is missing
};
// "modes" and "configOptions" of an answer.
void WriteModes(const AcpChoices& choices, JsonWriter* json);
void WriteConfigOptions(const AcpChoices& choices, JsonWriter* json);
std::string ConfigOptionsUpdate(const AcpChoices& choices);

}  // namespace cofferdam::agent
