#include <fmt/format.h>

#include <utility>

#include "cli/config_internal.h"

namespace cofferdam::cli {

void Reader::Text(TomlTable* table, std::string_view section,
                  std::string_view key, std::string_view help,
                  std::string* value) {
  auto read = table ? table->String(key) : std::nullopt;
  if (read) *value = *std::move(read);
  std::string shown = "\"";
  shown += *value;
  shown += '"';
  Row(table, section, key, std::move(shown), help);
}

void Reader::Flag(TomlTable* table, std::string_view section,
                  std::string_view key, std::string_view help, bool* value) {
  auto read = table ? table->Bool(key) : std::nullopt;
  if (read) *value = *read;
  Row(table, section, key, *value ? "true" : "false", help);
}

void Reader::Number(TomlTable* table, std::string_view section,
                    std::string_view key, int64_t min, int64_t max,
                    std::string_view help, int64_t* value) {
  auto read = table ? table->Int(key, min, max) : std::nullopt;
  if (read) *value = *read;
  Row(table, section, key, fmt::format("{}", *value), help);
}

void Reader::Row(const TomlTable* table, std::string_view section,
                 std::string_view key, std::string value,
                 std::string_view help) {
  std::string source = "default";
  if (table && table->Has(key)) {
    source = fmt::format("{}:{}", file_name_, table->LineOf(key));
  }
  config_->rows.push_back({fmt::format("{}.{}", section, key), std::move(value),
                           std::move(source), std::string(help)});
}

}  // namespace cofferdam::cli
