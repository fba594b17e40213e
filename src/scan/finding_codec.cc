#include "scan/finding_codec.h"

#include <bit>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "base/encoding.h"

namespace cofferdam::scan {
namespace {

using evidence::ContentEvidence;
using evidence::Finding;
using evidence::FindingPlace;
using evidence::FoundMark;
using evidence::FoundOrigin;
using evidence::LineRange;
using evidence::Origin;

// Both directions walk the same members: Pass(io, &thing). Every struct is
// taken apart by a structured binding that names all its members, so that one
// which is added and forgotten here does not compile.

class Packer {
 public:
  explicit Packer(std::string* out) : out_(*out) {}

  void Number(uint64_t* value) { AppendVarint(*value, &out_); }
  void Bytes(std::string* value) {
    AppendVarint(value->size(), &out_);
    out_ += *value;
  }
  bool ok() const { return true; }

 private:
  std::string& out_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view* in) : in_(*in) {}

  void Number(uint64_t* value) {
    std::optional<uint64_t> read;
    if (ok_) read = ReadVarint(&in_);
    ok_ = read.has_value();
    *value = read.value_or(0);
  }
  void Bytes(std::string* value) {
    uint64_t size = 0;
    Number(&size);
    ok_ = ok_ && size <= in_.size();
    if (!ok_) return;
    *value = in_.substr(0, size);
    in_.remove_prefix(size);
  }
  bool ok() const { return ok_; }

 private:
  std::string_view& in_;
  bool ok_ = true;
};

template <typename Io>
void Pass(Io& io, std::string* value) {
  io.Bytes(value);
}

template <typename Io>
void Pass(Io& io, double* value) {
  auto bits = std::bit_cast<uint64_t>(*value);
  io.Number(&bits);
  *value = std::bit_cast<double>(bits);
}

template <typename Io, typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
void Pass(Io& io, T* value) {
  auto number = static_cast<uint64_t>(*value);
  io.Number(&number);
  *value = static_cast<T>(number);
}

template <typename Io, typename T>
void Pass(Io& io, std::vector<T>* list);
template <typename Io>
void Pass(Io& io, std::optional<std::string>* value);

template <typename Io, typename... T>
void PassAll(Io& io, T*... values) {
  (Pass(io, values), ...);
}

template <typename Io>
void Pass(Io& io, LineRange* range) {
  auto& [begin, end] = *range;
  PassAll(io, &begin, &end);
}

template <typename Io>
void Pass(Io& io, Origin* origin) {
  auto& [exchange, sequence, part, kind, path, route, identity, session,
         provider, model, contract, terms_class, tool, tool_version, person,
         team, repo, commit, purpose, time] = *origin;
  PassAll(io, &exchange, &sequence, &part, &kind, &path, &route, &identity,
          &session, &provider, &model, &contract, &terms_class, &tool,
          &tool_version, &person, &team, &repo, &commit, &purpose, &time);
}

template <typename Io>
void Pass(Io& io, ContentEvidence* content) {
  auto& [tokens, echoed_tokens, prior_tokens, shared_tokens, novel_tokens,
         token_bits, name_bits, novel_token_bits, novel_name_bits,
         novel_kept_bits, kept_share, contradictions, exact_tokens,
         exact_novel_tokens, exact_names, exact_bits] = *content;
  PassAll(io, &tokens, &echoed_tokens, &prior_tokens, &shared_tokens,
          &novel_tokens, &token_bits, &name_bits, &novel_token_bits,
          &novel_name_bits, &novel_kept_bits, &kept_share, &contradictions,
          &exact_tokens, &exact_novel_tokens, &exact_names, &exact_bits);
}

template <typename Io>
void Pass(Io& io, FoundOrigin* found) {
  auto& [origin, verdict, terms, duty, strength, context, content, context_bits,
         decisive_bits, document_lines, output_lines, tokens] = *found;
  PassAll(io, &origin, &verdict, &terms, &duty, &strength, &context, &content,
          &context_bits, &decisive_bits, &document_lines, &output_lines,
          &tokens);
}

template <typename Io>
void Pass(Io& io, FindingPlace* place) {
  auto& [path, repository, path_in_repository, commit, record, record_begin,
         record_end, field] = *place;
  PassAll(io, &path, &repository, &path_in_repository, &commit, &record,
          &record_begin, &record_end, &field);
}

template <typename Io>
void Pass(Io& io, FoundMark* mark) {
  auto& [name, kind, words, model, weight] = *mark;
  PassAll(io, &name, &kind, &words, &model, &weight);
}

template <typename Io>
void Pass(Io& io, Finding* finding) {
  auto& [kind, place, language, lines, byte_begin, byte_end, verdict, why,
         tokens_matched, tokens, origins, origins_left_out, marks, text] =
      *finding;
  PassAll(io, &kind, &place, &language, &lines, &byte_begin, &byte_end,
          &verdict, &why, &tokens_matched, &tokens, &origins, &origins_left_out,
          &marks, &text);
}

template <typename Io>
void Pass(Io& io, std::optional<std::string>* value) {
  bool present = value->has_value();
  Pass(io, &present);
  if (!present) return value->reset();
  if (!value->has_value()) value->emplace();
  Pass(io, &**value);
}

template <typename Io, typename T>
void Pass(Io& io, std::vector<T>* list) {
  uint64_t size = list->size();
  io.Number(&size);
  // Grows with what is really there, whatever the number says.
  for (uint64_t i = 0; i < size && io.ok(); ++i) {
    if (i == list->size()) list->emplace_back();
    Pass(io, &(*list)[i]);
  }
}

}  // namespace

void AppendFinding(const Finding& finding, std::string* out) {
  Packer packer(out);
  // A packer changes nothing.
  Pass(packer, const_cast<Finding*>(&finding));
}

Result<Finding> ReadFinding(std::string_view* in) {
  Finding finding;
  Unpacker unpacker(in);
  Pass(unpacker, &finding);
  if (!unpacker.ok())
    return Error(Code::kCorrupt, "a finding ends before its end");
  return finding;
}

}  // namespace cofferdam::scan
