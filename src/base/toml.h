#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam {

// Something wrong in a TOML text. Line and column count from 1.
struct TomlIssue {
  int line = 0;
  int column = 0;
  std::string message;
};

// "cofferdam.toml:3:7: [gate] listen: must be a string", one a line.
std::string FormatIssues(std::string_view file_name,
                         const std::vector<TomlIssue>& issues);

// A string with its own place in the text.
struct TomlText {
  std::string text;
  int line = 0;
  int column = 0;
};

class TomlTable;

// A parsed TOML text (toml.io 1.0) and the issues found while it is read.
class TomlDocument {
 public:
  // A text that is not TOML gives a document with one issue and an empty root.
  static TomlDocument Parse(std::string_view text);

  TomlDocument(TomlDocument&&) noexcept;
  TomlDocument& operator=(TomlDocument&&) noexcept;
  ~TomlDocument();

  // The root table. Valid as long as the document.
  TomlTable root();
  // In the order of the text.
  std::vector<TomlIssue> issues() const;
  void AddIssue(int line, int column, std::string message);

 private:
  friend class TomlTable;
  struct State;
  explicit TomlDocument(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A strict reader of one table: every key must be asked for, with its type
// and range; whatever was not asked for when Finish is called is an issue,
// with the nearest known name. Readers never stop at the first issue: they
// note it in the document and answer none.
class TomlTable {
 public:
  // Where the table (or one of its keys) stands.
  int line() const;
  int column() const;
  int LineOf(std::string_view key) const;
  int ColumnOf(std::string_view key) const;
  // "[gate]", "[contract.anthropic]"; empty for the root.
  const std::string& path() const { return path_; }

  bool Has(std::string_view key) const;
  std::optional<std::string> String(std::string_view key);
  std::optional<bool> Bool(std::string_view key);
  // An integer in [min, max].
  std::optional<int64_t> Int(std::string_view key, int64_t min, int64_t max);
  // A number in [min, max], whole or not, in millionths: 0.3 is 300,000. One
  // with more than six digits after the point is an issue.
  std::optional<int64_t> Millionths(std::string_view key, int64_t min,
                                    int64_t max);
  // One of `names`.
  std::optional<std::string> OneOf(std::string_view key,
                                   const std::vector<std::string>& names);
  std::optional<std::vector<std::string>> Strings(std::string_view key);
  // A string or an array of strings, each with its place.
  std::optional<std::vector<TomlText>> Texts(std::string_view key);
  // A date without a time: the microseconds since 1970 at its start in UTC.
  std::optional<int64_t> Date(std::string_view key);
  // A sub-table, inline or not.
  std::optional<TomlTable> Table(std::string_view key);
  // An array of tables; empty when absent.
  std::vector<TomlTable> Tables(std::string_view key);
  // Names of the sub-tables, in the order of the text; for [contract.NAME].
  std::vector<std::string> Names() const;
  // Names of all keys, in the order of the text; none counts as asked for.
  std::vector<std::string> Keys() const;

  // An issue at `key` (or at the table, for an empty key).
  void Complain(std::string_view key, std::string_view message);
  // An issue of one of the texts under `key`, where that text stands.
  void ComplainOf(const TomlText& text, std::string_view key,
                  std::string_view message);
  // Complains that `key` is missing.
  void Missing(std::string_view key);
  void Finish();

 private:
  friend class TomlDocument;
  TomlTable(TomlDocument::State* document, const void* table, std::string path);
  const void* Node(std::string_view key);

  TomlDocument::State* document_;
  const void* table_;  // a toml::table, whose type does not leave toml.cc
  std::string path_;
  std::vector<std::string> known_;
};

}  // namespace cofferdam
