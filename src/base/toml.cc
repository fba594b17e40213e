#include "base/toml.h"

#include <fmt/format.h>

// toml++ 3.3 asserts, or with NDEBUG assumes, that a key begins behind a
// header's '[', which is for the text to say: "[=]" ended the process. Without
// the assertion its parser goes on and reports what it saw.
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <chrono>

namespace cofferdam {
namespace {

// Levenshtein distance, for "did you mean".
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1,
                         diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string Suggestion(std::string_view wrong,
                       const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  size_t best_distance = 3;  // further away is another word
  for (const std::string& name : known) {
    size_t distance = Distance(wrong, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = &name;
    }
  }
  return best ? fmt::format(" (did you mean \"{}\"?)", *best) : "";
}

std::string_view TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

}  // namespace

struct TomlDocument::State {
  toml::table root;
  std::vector<TomlIssue> issues;
};

std::string FormatIssues(std::string_view file_name,
                         const std::vector<TomlIssue>& issues) {
  std::string text;
  for (const TomlIssue& issue : issues) {
    if (!text.empty()) text.push_back('\n');
    text += fmt::format("{}:{}:{}: {}", file_name, issue.line, issue.column,
                        issue.message);
  }
  return text;
}

TomlDocument::TomlDocument(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
TomlDocument::TomlDocument(TomlDocument&&) noexcept = default;
TomlDocument& TomlDocument::operator=(TomlDocument&&) noexcept = default;
TomlDocument::~TomlDocument() = default;

TomlDocument TomlDocument::Parse(std::string_view text) {
  auto state = std::make_unique<State>();
  toml::parse_result result = toml::parse(text);
  if (result) {
    state->root = std::move(result).table();
  } else {
    const toml::source_position& at = result.error().source().begin;
    state->issues.push_back({static_cast<int>(at.line),
                             static_cast<int>(at.column),
                             std::string(result.error().description())});
  }
  return TomlDocument(std::move(state));
}

TomlTable TomlDocument::root() {
  return TomlTable(state_.get(), &state_->root, "");
}

std::vector<TomlIssue> TomlDocument::issues() const {
  std::vector<TomlIssue> sorted = state_->issues;
  std::stable_sort(
      sorted.begin(), sorted.end(), [](const TomlIssue& a, const TomlIssue& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
      });
  return sorted;
}

void TomlDocument::AddIssue(int line, int column, std::string message) {
  state_->issues.push_back({line, column, std::move(message)});
}

TomlTable::TomlTable(TomlDocument::State* document, const void* table,
                     std::string path)
    : document_(document), table_(table), path_(std::move(path)) {}

namespace {

const toml::table& AsTable(const void* table) {
  return *static_cast<const toml::table*>(table);
}

toml::source_position PositionOf(const toml::table& table,
                                 std::string_view key) {
  // The key's own place; the table's where there is none.
  for (const auto& [name, node] : table) {
    if (name.str() == key) return name.source().begin;
  }
  return table.source().begin;
}

}  // namespace

int TomlTable::line() const {
  return std::max<int>(1,
                       static_cast<int>(AsTable(table_).source().begin.line));
}
int TomlTable::column() const {
  return std::max<int>(1,
                       static_cast<int>(AsTable(table_).source().begin.column));
}
int TomlTable::LineOf(std::string_view key) const {
  return std::max<int>(1,
                       static_cast<int>(PositionOf(AsTable(table_), key).line));
}
int TomlTable::ColumnOf(std::string_view key) const {
  return std::max<int>(
      1, static_cast<int>(PositionOf(AsTable(table_), key).column));
}

bool TomlTable::Has(std::string_view key) const {
  return AsTable(table_).contains(key);
}

const void* TomlTable::Node(std::string_view key) {
  known_.emplace_back(key);
  return AsTable(table_).get(key);
}

std::optional<std::string> TomlTable::String(std::string_view key) {
  const auto* node = static_cast<const toml::node*>(Node(key));
  if (node == nullptr) return std::nullopt;
  if (const auto* text = node->as_string()) return text->get();
  Complain(key, fmt::format("must be a string, not {}", TypeName(*node)));
  return std::nullopt;
}

std::optional<bool> TomlTable::Bool(std::string_view key) {
  const auto* node = static_cast<const toml::node*>(Node(key));
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_boolean()) return value->get();
  Complain(key, fmt::format("must be true or false, not {}", TypeName(*node)));
  return std::nullopt;
}

std::optional<int64_t> TomlTable::Int(std::string_view key, int64_t min,
                                      int64_t max) {
  const auto* node = static_cast<const toml::node*>(Node(key));
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value == nullptr) {
    Complain(key, fmt::format("must be an integer, not {}", TypeName(*node)));
    return std::nullopt;
  }
  if (value->get() < min || value->get() > max) {
    Complain(key, fmt::format("{} is out of range, must be {} to {}",
                              value->get(), min, max));
    return std::nullopt;
  }
  return value->get();
}

std::optional<std::string> TomlTable::OneOf(
    std::string_view key, const std::vector<std::string>& names) {
  std::optional<std::string> value = String(key);
  if (!value) return std::nullopt;
  if (std::find(names.begin(), names.end(), *value) != names.end()) {
    return value;
  }
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", name);
  }
  Complain(key, fmt::format("unknown \"{}\", must be one of {}", *value, list));
  return std::nullopt;
}

std::optional<std::vector<std::string>> TomlTable::Strings(
    std::string_view key) {
  const auto* node = static_cast<const toml::node*>(Node(key));
  if (node == nullptr) return std::nullopt;
  const auto* array = node->as_array();
  if (array == nullptr) {
    Complain(key, fmt::format("must be an array of strings, not {}",
                              TypeName(*node)));
    return std::nullopt;
  }
  std::vector<std::string> values;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) {
      Complain(key, fmt::format("must hold strings only, not {}",
                                TypeName(element)));
      return std::nullopt;
    }
    values.push_back(text->get());
  }
  return values;
}

std::optional<int64_t> TomlTable::Date(std::string_view key) {
  const auto* node = static_cast<const toml::node*>(Node(key));
  if (node == nullptr) return std::nullopt;
  const auto* date = node->as_date();
  if (date == nullptr) {
    Complain(key, fmt::format("must be a date without quotes, not {}",
                              TypeName(*node)));
    return std::nullopt;
  }
  std::chrono::sys_days day{std::chrono::year(date->get().year) /
                            date->get().month / date->get().day};
  return std::chrono::microseconds(day.time_since_epoch()).count();
}

std::optional<TomlTable> TomlTable::Table(std::string_view key) {
  const auto* node = static_cast<const toml::node*>(Node(key));
  if (node == nullptr) return std::nullopt;
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    Complain(key, fmt::format("must be a table, not {}", TypeName(*node)));
    return std::nullopt;
  }
  std::string inner =
      path_.empty() ? "" : path_.substr(1, path_.size() - 2) + ".";
  return TomlTable(document_, table, fmt::format("[{}{}]", inner, key));
}

std::vector<TomlTable> TomlTable::Tables(std::string_view key) {
  std::vector<TomlTable> tables;
  const auto* node = static_cast<const toml::node*>(Node(key));
  if (node == nullptr) return tables;
  const auto* array = node->as_array();
  if (array == nullptr) {
    Complain(key, fmt::format("must be an array of tables, not {}",
                              TypeName(*node)));
    return tables;
  }
  std::string inner =
      path_.empty() ? "" : path_.substr(1, path_.size() - 2) + ".";
  for (size_t i = 0; i < array->size(); ++i) {
    const toml::table* table = (*array)[i].as_table();
    if (table == nullptr) {
      Complain(key, fmt::format("must hold tables only, not {}",
                                TypeName((*array)[i])));
      return {};
    }
    tables.push_back(TomlTable(document_, table,
                               fmt::format("[{}{}.{}]", inner, key, i + 1)));
  }
  return tables;
}

std::vector<std::string> TomlTable::Names() const {
  std::vector<std::pair<toml::source_position, std::string>> found;
  for (const auto& [name, node] : AsTable(table_)) {
    if (node.is_table()) {
      found.emplace_back(name.source().begin, std::string(name.str()));
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) <
           std::pair(b.first.line, b.first.column);
  });
  std::vector<std::string> names;
  for (auto& [position, name] : found) names.push_back(std::move(name));
  return names;
}

void TomlTable::Complain(std::string_view key, std::string_view message) {
  std::string where = path_;
  if (!key.empty()) {
    if (!where.empty()) where.push_back(' ');
    where += key;
  }
  document_->issues.push_back({key.empty() ? line() : LineOf(key),
                               key.empty() ? column() : ColumnOf(key),
                               fmt::format("{}: {}", where, message)});
}

void TomlTable::Missing(std::string_view key) {
  Complain("", fmt::format("\"{}\" is missing", key));
}

void TomlTable::Finish() {
  for (const auto& [name, node] : AsTable(table_)) {
    std::string key(name.str());
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    Complain(key, fmt::format("unknown key{}", Suggestion(key, known_)));
  }
}

}  // namespace cofferdam
