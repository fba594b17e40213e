#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace cofferdam {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A named value of a log line. Never a key, a prompt or an output.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t> value;
};

// Writes one JSON object a line to stderr: {"time":…,"level":…,"event":…,…}.
// One write call a line, so that lines of several threads do not mix. Passed
// in where something may need to be said; safe from any thread.
class Logger {
 public:
  explicit Logger(LogLevel least) : least_(least) {}
  // For tests: lines go to `sink` instead of stderr.
  Logger(LogLevel least, std::function<void(std::string_view)> sink)
      : least_(least), sink_(std::move(sink)) {}

  void Log(LogLevel level, std::string_view event,
           std::initializer_list<LogField> fields) const;
  void Info(std::string_view event,
            std::initializer_list<LogField> fields = {}) const {
    Log(LogLevel::kInfo, event, fields);
  }
  void Warning(std::string_view event,
               std::initializer_list<LogField> fields = {}) const {
    Log(LogLevel::kWarning, event, fields);
  }
  void Error(std::string_view event,
             std::initializer_list<LogField> fields = {}) const {
    Log(LogLevel::kError, event, fields);
  }

 private:
  LogLevel least_;
  std::function<void(std::string_view)> sink_;
};

}  // namespace cofferdam
