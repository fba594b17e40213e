#include "base/log.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

namespace cofferdam {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

void WriteToStderr(std::string_view line) {
  // A log that cannot be written must not stop the work.
  ssize_t ignored = write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(ignored);
}

}  // namespace

void Logger::Log(LogLevel level, std::string_view event,
                 std::initializer_list<LogField> fields) const {
  if (level < least_) return;
  JsonWriter json;
  json.BeginObject()
      .Field("time", FormatTime(SystemClock().WallMicros()))
      .Field("level", LevelName(level))
      .Field("event", event);
  for (const LogField& field : fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      json.Field(field.name, *text);
    } else {
      json.Field(field.name, std::get<int64_t>(field.value));
    }
  }
  std::string line = std::move(json.EndObject()).Take();
  line.push_back('\n');
  if (sink_) {
    sink_(line);
  } else {
    WriteToStderr(line);
  }
}

}  // namespace cofferdam
