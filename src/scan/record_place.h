#pragma once

#include <string>
#include <string_view>

#include "corpus/record.h"
#include "evidence/context.h"
#include "fingerprint/language.h"

namespace cofferdam::scan {

// Where a record's texts come from, as the file's place and what the record
// says of itself tell; keeps the strings that a view of it needs. Costs a look
// at every claim, so it is made for records that matter only.
class RecordPlace {
 public:
  // `record` must stay as long as views are used.
  explicit RecordPlace(const corpus::Record& record);

  // Of one of its fields.
  evidence::DocumentPlace Of(const corpus::Field& field) const;

 private:
  const corpus::Record& record_;
  std::string repository_;
  std::string_view path_in_repository_;
  std::string_view commit_;
  std::string_view author_;
  int64_t time_micros_ = 0;
};

// How `field` is lexed: by what it or the record says, by the path, else by a
// look at the text.
fingerprint::Language LanguageOf(const corpus::Record& record,
                                 const corpus::Field& field);

}  // namespace cofferdam::scan
