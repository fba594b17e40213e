#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/json.h"
#include "corpus/unpack_internal.h"

// Jupyter notebooks (nbformat 3 and 4): one record whose fields are the sources
// of the cells. Outputs are what a program printed and are no texts.

namespace cofferdam::corpus {
namespace {

struct Cell {
  std::string name;
  std::string text;
  std::string_view language;
};

// A string, or lines that belong together.
std::optional<std::string> TextOf(const JsonValue& value) {
  if (auto text = value.String()) return std::string(*text);
  if (!value.is_array()) return std::nullopt;
  std::string text;
  for (const JsonValue& line : value.Elements()) {
    if (!line.is_string()) return std::nullopt;
    text += line.StringOrEmpty();
  }
  return text;
}

std::string_view LanguageOf(const JsonValue& notebook) {
  JsonValue metadata = notebook["metadata"];
  for (JsonValue name :
       {metadata["language_info"]["name"], metadata["kernelspec"]["language"],
        metadata["language"]}) {
    if (name.is_string()) return name.StringOrEmpty();
  }
  return "python";
}

void AddCells(const JsonValue& cells, const std::string& prefix,
              std::string_view language, std::vector<Cell>* found) {
  size_t index = 0;
  for (const JsonValue& cell : cells.Elements()) {
    for (const char* member : {"source", "input"}) {
      std::optional<std::string> text = TextOf(cell[member]);
      if (!text || text->empty()) continue;
      std::string_view kind = cell["cell_type"].StringOrEmpty();
      found->push_back({fmt::format("{}[{}].{}", prefix, index, member),
                        *std::move(text),
                        kind == "markdown" ? kind : language});
    }
    ++index;
  }
}

class NotebookBody final : public ChunkBody {
 public:
  NotebookBody(std::shared_ptr<const FilePlace> place, std::string name,
               std::string json)
      : place_(std::move(place)),
        name_(std::move(name)),
        json_(std::move(json)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    memory->bytes_read += json_.size();
    Result<JsonDocument> document = JsonDocument::Parse(json_);
    if (!document.ok()) {
      bool deep = document.error().code() == Code::kTooLarge;
      on_passed({place_->path, deep ? Reason::kTooDeep : Reason::kBroken,
                 document.error().message()});
      return {};
    }
    JsonValue notebook = document->root();
    std::string_view language = LanguageOf(notebook);
    std::vector<Cell> cells;
    AddCells(notebook["cells"], "cells", language, &cells);
    size_t sheet = 0;
    for (const JsonValue& worksheet : notebook["worksheets"].Elements())
      AddCells(worksheet["cells"], fmt::format("worksheets[{}].cells", sheet++),
               language, &cells);
    std::vector<Field> fields;
    for (const Cell& cell : cells)
      fields.push_back({cell.name, cell.text, cell.language});
    on_record({.file = place_.get(),
               .number = 0,
               .begin = 0,
               .end = json_.size(),
               .path_hint = name_,
               .language_hint = language,
               .fields = fields,
               .claims = {}});
    return {};
  }
  size_t bytes() const override { return json_.size(); }

 private:
  std::shared_ptr<const FilePlace> place_;
  std::string name_;
  std::string json_;
};

class NotebookStream final : public ChunkStream {
 public:
  NotebookStream(Packed packed, std::shared_ptr<const Unpacking> shared)
      : packed_(std::move(packed)), shared_(std::move(shared)) {}

  Result<std::optional<Chunk>> Next() override {
    if (ended_) return std::optional<Chunk>();
    ended_ = true;
    const size_t bytes_max =
        shared_->options.limits.tree.text.document_bytes_max;
    Result<std::string> json = ReadUpTo(packed_.bytes.get(), bytes_max + 1);
    if (!json.ok()) {
      return std::optional<Chunk>(
          PassedOverChunk(PassedOverFor(packed_.place->path, json.error())));
    }
    if (json->size() > bytes_max) {
      return std::optional<Chunk>(
          PassedOverChunk({packed_.place->path, Reason::kTooLarge,
                           fmt::format("at most {} bytes", bytes_max)}));
    }
    return std::optional<Chunk>(Chunk(std::make_unique<NotebookBody>(
        packed_.place, packed_.name, *std::move(json))));
  }

 private:
  Packed packed_;
  std::shared_ptr<const Unpacking> shared_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ChunkStream> UnpackNotebook(
    Packed packed, std::shared_ptr<const Unpacking> shared) {
  return std::make_unique<NotebookStream>(std::move(packed), std::move(shared));
}

}  // namespace cofferdam::corpus
