// The configuration and the table of terms: every issue has its place.

#include <algorithm>
#include <charconv>
#include <string>

#include "base/check.h"
#include "cli/config.h"
#include "policy/terms.h"
#include "target.h"

namespace cofferdam::cli {
namespace {

// A number at the front of `text`, with a colon behind it.
int TakeNumber(std::string_view* text) {
  int number = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), number);
  CHECK(error == std::errc());
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  CHECK(text->starts_with(':'));
  text->remove_prefix(1);
  return number;
}

// "NAME:LINE:COLUMN: …", inside the text.
void CheckPlace(std::string_view message, std::string_view name,
                std::string_view text) {
  CHECK(message.starts_with(name));
  message.remove_prefix(name.size());
  CHECK(message.starts_with(':'));
  message.remove_prefix(1);
  const int line = TakeNumber(&message);
  const int column = TakeNumber(&message);
  CHECK(message.starts_with(' ') && column >= 1);
  CHECK(line >= 1 && line <= std::count(text.begin(), text.end(), '\n') + 1);
}

void CheckConfig(std::string_view text) {
  const Result<Config> config = ParseConfig(text, "c.toml");
  if (!config.ok()) {
    CHECK(config.error().code() == Code::kInvalid);
    CheckPlace(config.error().message(), "c.toml", text);
    return;
  }
  CHECK(!config->rows.empty());
  for (const SettingRow& row : config->rows) {
    CHECK(!row.path.empty());
    CHECK(row.source == "default" || row.source.starts_with("c.toml:"));
  }
}

void CheckTerms(std::string_view text) {
  const Result<policy::TermsTable> terms =
      policy::TermsTable::Parse(text, "t.toml");
  if (!terms.ok()) {
    CHECK(terms.error().code() == Code::kInvalid);
    CheckPlace(terms.error().message(), "t.toml", text);
    return;
  }
  CHECK(terms->version().size() == 12);
}

}  // namespace
}  // namespace cofferdam::cli

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = cofferdam::FuzzText(data, size);
  cofferdam::cli::CheckConfig(text);
  cofferdam::cli::CheckTerms(text);
  return 0;
}
