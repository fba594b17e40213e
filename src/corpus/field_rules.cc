#include "corpus/field_rules.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstddef>

namespace cofferdam::corpus {
namespace {

constexpr size_t kMemberNameMax = 24;

constexpr std::string_view kTextNames[] = {"abstract",
                                           "act",
                                           "answer",
                                           "answers",
                                           "article",
                                           "assistant",
                                           "body",
                                           "bot",
                                           "canonical_solution",
                                           "caption",
                                           "chosen",
                                           "code",
                                           "comment",
                                           "comments",
                                           "completion",
                                           "completions",
                                           "content",
                                           "contents",
                                           "context",
                                           "contexts",
                                           "continuation",
                                           "conversation",
                                           "conversations",
                                           "cot",
                                           "critique",
                                           "dialog",
                                           "dialogue",
                                           "diff",
                                           "docstring",
                                           "document",
                                           "documents",
                                           "essay",
                                           "explanation",
                                           "full_text",
                                           "func_code_string",
                                           "function_body",
                                           "generated_text",
                                           "generation",
                                           "generations",
                                           "gpt",
                                           "html",
                                           "human",
                                           "input",
                                           "inputs",
                                           "instruction",
                                           "instructions",
                                           "markdown",
                                           "message",
                                           "messages",
                                           "model_output",
                                           "new_contents",
                                           "notes",
                                           "old_contents",
                                           "original_string",
                                           "output",
                                           "outputs",
                                           "page_content",
                                           "paragraph",
                                           "paragraphs",
                                           "parts",
                                           "passage",
                                           "passages",
                                           "patch",
                                           "post",
                                           "problem",
                                           "prompt",
                                           "prompts",
                                           "query",
                                           "question",
                                           "rationale",
                                           "raw",
                                           "raw_content",
                                           "readme",
                                           "reasoning",
                                           "reasoning_content",
                                           "rejected",
                                           "reply",
                                           "response",
                                           "responses",
                                           "review",
                                           "revision",
                                           "selftext",
                                           "snippet",
                                           "solution",
                                           "solutions",
                                           "source_code",
                                           "statement",
                                           "story",
                                           "summary",
                                           "system",
                                           "target",
                                           "test",
                                           "tests",
                                           "text",
                                           "texts",
                                           "thinking",
                                           "thought",
                                           "transcript",
                                           "transcription",
                                           "translation",
                                           "txt",
                                           "user",
                                           "utterance",
                                           "value",
                                           "whole_func_string"};
constexpr std::string_view kClaimNames[] = {"annotator",
                                            "assistant",
                                            "author",
                                            "author_email",
                                            "author_name",
                                            "created",
                                            "created_at",
                                            "created_utc",
                                            "creator",
                                            "data_source",
                                            "dataset",
                                            "date",
                                            "engine",
                                            "from",
                                            "generated_by",
                                            "generator",
                                            "generator_model",
                                            "is_generated",
                                            "label",
                                            "license",
                                            "model",
                                            "model_id",
                                            "model_name",
                                            "name",
                                            "origin",
                                            "provider",
                                            "repo",
                                            "repo_id",
                                            "repo_name",
                                            "repo_url",
                                            "repository",
                                            "repository_name",
                                            "max_stars_repo_name",
                                            "role",
                                            "source",
                                            "source_dataset",
                                            "subset",
                                            "synthetic",
                                            "teacher",
                                            "teacher_model",
                                            "timestamp",
                                            "tool",
                                            "type",
                                            "url"};
constexpr std::string_view kPathNames[] = {
    "file",      "file_name", "file_path",           "filename", "filepath",
    "full_path", "path",      "max_stars_repo_path", "rel_path"};
constexpr std::string_view kLanguageNames[] = {
    "lang", "language", "code_language", "prog_lang", "programming_language"};

// The names by a hash, with linear probing.
class MemberTable {
 public:
  MemberTable() {
    for (std::string_view name : kTextNames) Add(name).text = true;
    for (std::string_view name : kClaimNames) Add(name).claim = true;
    for (std::string_view name : kPathNames) {
      MemberKind& kind = Add(name);
      kind.claim = kind.path = true;
    }
    for (std::string_view name : kLanguageNames) {
      MemberKind& kind = Add(name);
      kind.claim = kind.language = true;
    }
  }

  MemberKind Find(std::string_view name) const {
    for (size_t slot = Hash(name);; slot = (slot + 1) % kSlots) {
      if (slots_[slot].name == name) return slots_[slot].kind;
      if (slots_[slot].name.empty()) return {};
    }
  }

 private:
  struct Slot {
    std::string_view name;
    MemberKind kind;
  };
  static constexpr size_t kSlots = 1024;

  static size_t Hash(std::string_view name) {
    auto byte = [&](size_t at) {
      return static_cast<size_t>(static_cast<unsigned char>(name[at]));
    };
    size_t size = name.size();
    size_t hash =
        size * 131 + byte(0) * 31 + byte(size / 2) * 1031 + byte(size - 1) * 7;
    return hash % kSlots;
  }

  MemberKind& Add(std::string_view name) {
    size_t slot = Hash(name);
    while (!slots_[slot].name.empty() && slots_[slot].name != name)
      slot = (slot + 1) % kSlots;
    slots_[slot].name = name;
    return slots_[slot].kind;
  }

  std::array<Slot, kSlots> slots_;
};

}  // namespace

const size_t kTextNameCount = std::size(kTextNames);

MemberKind KindOfMember(std::string_view name) {
  static const MemberTable table;
  if (name.empty() || name.size() > kMemberNameMax) return {};
  char lower[kMemberNameMax];
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    lower[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return table.Find({lower, name.size()});
}

Result<FieldPattern> FieldPattern::Parse(std::string_view text) {
  auto broken = [&](std::string_view why) {
    return Error(Code::kInvalid, fmt::format("field \"{}\": {}", text, why));
  };
  FieldPattern pattern;
  std::string name;
  size_t i = 0;
  auto member = [&] {
    pattern.steps_.push_back({name, Step::Kind::kMember});
    name.clear();
  };
  while (i < text.size()) {
    char c = text[i];
    if (c == '\\') {
      if (i + 1 == text.size()) return broken("ends in a backslash");
      name += text[i + 1];
      i += 2;
    } else if (c == '.') {
      bool after_list = i > 0 && text[i - 1] == ']' && name.empty();
      if (name.empty() && !after_list) return broken("a name is empty");
      if (!name.empty()) member();
      if (++i == text.size()) return broken("ends in a dot");
    } else if (c == '[') {
      if (!name.empty()) member();
      size_t close = text.find(']', i);
      if (close == std::string_view::npos) return broken("\"[\" has no \"]\"");
      std::string_view digits = text.substr(i + 1, close - i - 1);
      Step step = {"", Step::Kind::kEveryElement};
      if (!digits.empty()) {
        step.kind = Step::Kind::kElement;
        auto [end, code] = std::from_chars(
            digits.data(), digits.data() + digits.size(), step.index);
        if (code != std::errc() || end != digits.data() + digits.size())
          return broken("between brackets stands a number or nothing");
      }
      pattern.steps_.push_back(std::move(step));
      i = close + 1;
      if (i < text.size() && text[i] != '.' && text[i] != '[')
        return broken("behind \"]\" comes a dot or a bracket");
    } else {
      name += c;
      ++i;
    }
  }
  if (!name.empty()) member();
  if (pattern.steps_.empty()) return broken("it is empty");
  return pattern;
}

bool FieldPattern::Names(std::span<const PathStep> path) const {
  if (path.size() < steps_.size()) return false;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.kind == Step::Kind::kMember) {
      if (path[i].is_index || path[i].name != step.name) return false;
    } else {
      if (!path[i].is_index) return false;
      if (step.kind == Step::Kind::kElement && path[i].index != step.index)
        return false;
    }
  }
  path = path.subspan(steps_.size());
  if (!path.empty() && path[0].is_index) {
    path = path.subspan(1);
    return path.empty() ||
           (path.size() == 1 && !path[0].is_index && path[0].name == "text");
  }
  return path.empty();
}

}  // namespace cofferdam::corpus
