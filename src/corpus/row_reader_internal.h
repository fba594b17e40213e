#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/arrow_abi_internal.h"
#include "corpus/field_rules.h"
#include "corpus/json_record_internal.h"
#include "corpus/passed_over.h"
#include "corpus/record.h"

namespace cofferdam::corpus {

// A column of a table, or what is inside of one.
struct Column {
  enum class Kind : uint8_t {
    kIgnored,
    kText32,  // offsets of 32 bits
    kText64,
    kTextView,
    kBool,
    kInt8,
    kUint8,
    kInt16,
    kUint16,
    kInt32,
    kUint32,
    kInt64,
    kUint64,
    kFloat,
    kDouble,
    kDate32,
    kTimestamp,
    kDictionary,  // children[0] is what it names; `index` how
    kList32,
    kList64,
    kFixedList,
    kStruct,
  };

  std::string name;
  Kind kind = Kind::kIgnored;
  Kind index = Kind::kIgnored;
  bool bytes = false;      // declared as bytes, not as text
  int64_t fixed_size = 0;  // elements of a kFixedList
  int64_t per_second = 1;  // ticks of a kTimestamp
  std::vector<Column> children;
};

// What a schema says of its columns. Total on what Arrow exports: types that
// can hold neither a text nor a claim are kIgnored.
std::vector<Column> ReadColumns(const ArrowSchema& schema);

// Finds the fields and claims of rows, by the rules by which JsonRecordReader
// finds those of objects whose members are the columns: a row and the JSON that
// says the same give the same record. Bytes are texts only under a name that
// says so, or that the user named. One thread at a time.
class RowReader {
 public:
  explicit RowReader(std::vector<FieldPattern> patterns);

  // The columns that can hold a text or a claim, ascending.
  std::vector<uint32_t> Wanted(const std::vector<Column>& columns) const;

  // Fills fields, claims and hints of `record` from row `row` of `rows`, a
  // struct array of the columns `wanted` of `columns`; valid until the next
  // call and as long as `rows`. Else why it is no record, without a path.
  std::optional<PassedOver> Read(const std::vector<Column>& columns,
                                 const std::vector<uint32_t>& wanted,
                                 const ArrowArray& rows, int64_t row,
                                 size_t record_bytes_max, Record* record);

  // Of the field `index` of the last Read: its column, and the way from there,
  // as arrow_abi::CellEdit wants them.
  struct Place {
    uint32_t column = 0;
    std::vector<uint32_t> steps;
  };
  Place PlaceOfField(size_t index) const;

 private:
  bool Wants(const Column& column, MemberKind kind,
             std::vector<PathStep>* path) const;
  bool Value(const Column& column, const ArrowArray& array, int64_t index,
             MemberKind kind);
  bool List(const Column& column, const ArrowArray& array, int64_t begin,
            int64_t end, MemberKind kind);
  bool Struct(const Column& column, const ArrowArray& array, int64_t index);
  bool Text(const Column& column, std::string_view text, MemberKind kind);
  bool IsText(const Column& column, std::string_view text,
              MemberKind kind) const;
  void Scalar(const Column& column, const ArrowArray& array, int64_t index,
              MemberKind kind);
  void AddClaim(std::string_view value, MemberKind kind);
  std::string_view Name();

  std::vector<FieldPattern> patterns_;
  std::vector<PathStep> path_;
  std::vector<uint32_t> steps_;
  uint32_t column_ = 0;
  size_t bytes_left_ = 0;
  std::optional<PassedOver> failure_;

  Record* record_ = nullptr;
  std::vector<Field> fields_;
  std::vector<Claim> claims_;
  struct Way {
    uint32_t column = 0;
    size_t begin = 0;
    size_t end = 0;
  };
  std::vector<Way> ways_;  // of fields_, within all_steps_
  std::vector<uint32_t> all_steps_;
  TextArena texts_;
  TextArena names_;
  std::string name_;
};

}  // namespace cofferdam::corpus
