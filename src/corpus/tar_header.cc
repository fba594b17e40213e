#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "corpus/tar_header_internal.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr size_t kBlockBytes = 512;

struct Range {
  size_t at;
  size_t size;
};
constexpr Range kName = {0, 100}, kSize = {124, 12}, kChecksum = {148, 8},
                kMagic = {257, 5}, kPrefix = {345, 155};
constexpr size_t kType = 156;

std::string_view Part(std::string_view block, Range range) {
  return block.substr(range.at, range.size);
}

// Up to the first NUL.
std::string_view Text(std::string_view field) {
  return field.substr(0, field.find('\0'));
}

std::optional<uint64_t> Number(std::string_view field) {
  if (!field.empty() && (field[0] & '\x80') != 0) {
    // GNU: big-endian behind a marker; negative ones are nobody's size.
    if (static_cast<unsigned char>(field[0]) != 0x80) return std::nullopt;
    uint64_t value = 0;
    for (char c : field.substr(1)) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  size_t i = 0;
  while (i < field.size() && field[i] == ' ') ++i;
  uint64_t value = 0;
  bool any = false;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i) {
    value = value << 3 | static_cast<uint64_t>(field[i] - '0');
    any = true;
  }
  for (; i < field.size(); ++i) {
    if (field[i] != ' ' && field[i] != '\0') return std::nullopt;
  }
  return any ? std::optional<uint64_t>(value) : std::optional<uint64_t>(0);
}

// The value of `key` in the records of a pax header: "LENGTH KEY=VALUE\n".
std::optional<std::string> PaxValue(std::string_view records,
                                    std::string_view key) {
  std::optional<std::string> value;
  while (!records.empty()) {
    size_t length = 0;
    size_t i = 0;
    while (i < records.size() && records[i] >= '0' && records[i] <= '9' &&
           length <= records.size())
      length = length * 10 + static_cast<size_t>(records[i++] - '0');
    if (i == records.size() || records[i] != ' ' || length <= i + 1 ||
        length > records.size())
      return value;
    std::string_view record = records.substr(i + 1, length - i - 2);
    records.remove_prefix(length);
    size_t equals = record.find('=');
    if (equals != std::string_view::npos && record.substr(0, equals) == key)
      value = std::string(record.substr(equals + 1));
  }
  return value;
}

std::string ShortName(std::string_view block) {
  std::string name(Text(Part(block, kName)));
  std::string_view prefix = Text(Part(block, kPrefix));
  // Only POSIX has it; GNU keeps times there.
  bool posix = block.substr(kMagic.at, 6) == std::string_view("ustar\0", 6);
  if (posix && !prefix.empty()) name = std::string(prefix) + "/" + name;
  return name;
}

// Links and devices may say a size and have no bytes.
bool HasBytes(char type) { return type < '1' || type > '6'; }

std::optional<uint64_t> ParseSize(std::string_view text) {
  uint64_t size = 0;
  for (char c : text) {
    if (c < '0' || c > '9' || size > (uint64_t{1} << 55)) return std::nullopt;
    size = size * 10 + static_cast<uint64_t>(c - '0');
  }
  return size;
}

uint64_t SumOf(std::string_view block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    bool in_sum = i < kChecksum.at || i >= kChecksum.at + kChecksum.size;
    sum += in_sum ? static_cast<unsigned char>(block[i]) : ' ';
  }
  return sum;
}

// What is left of a member whose bytes someone else owns.
class MemberSource final : public ByteSource {
 public:
  MemberSource(ByteSource* archive, uint64_t* left)
      : archive_(archive), left_(left) {}

  Result<size_t> Read(char* into, size_t bytes_max) override {
    if (*left_ == 0) return size_t{0};
    TRY_ASSIGN(size_t got,
               archive_->Read(into, std::min<uint64_t>(bytes_max, *left_)));
    if (got == 0) return Error(Code::kCorrupt, "the archive ends early");
    *left_ -= got;
    return got;
  }
  uint64_t bytes_taken() const override { return archive_->bytes_taken(); }

 private:
  ByteSource* archive_;
  uint64_t* left_;
};

}  // namespace

uint64_t TarPadding(uint64_t size) {
  return (kBlockBytes - size % kBlockBytes) % kBlockBytes;
}

bool IsTarHeader(std::string_view block) {
  if (block.size() < kBlockBytes || block[0] == '\0') return false;
  const std::optional<uint64_t> told = Number(Part(block, kChecksum));
  return told && *told == SumOf(block);
}

// The next bytes, which become a part of headers_.
Result<std::string> TarHeaderReader::Take(uint64_t bytes) {
  if (headers_.size() + bytes > kTarHeaderBytesMax)
    return Error(Code::kTooLarge, "a member's header is too long");
  std::string taken(bytes, '\0');
  TRY_ASSIGN(size_t got, ReadFully(archive_, taken.data(), taken.size()));
  taken.resize(got);
  headers_ += taken;
  if (got < bytes) return Error(Code::kCorrupt, "the archive ends early");
  return taken;
}

Result<std::optional<TarMember>> TarHeaderReader::Next() {
  zeros_ = 0;
  headers_.clear();
  std::optional<std::string> long_name;
  std::optional<uint64_t> long_size;
  for (;;) {
    char bytes[kBlockBytes];
    TRY_ASSIGN(size_t got, ReadFully(archive_, bytes, kBlockBytes));
    // Most write two blocks of zeros at the end; others none.
    if (got == 0) return std::optional<TarMember>();
    std::string_view block(bytes, got);
    if (headers_.empty() &&
        block.find_first_not_of('\0') == std::string_view::npos) {
      zeros_ += got;
      continue;
    }
    headers_ += block;
    if (!IsTarHeader(block))
      return Error(Code::kCorrupt, "broken tar: no header of a member");
    std::optional<uint64_t> size = Number(Part(block, kSize));
    if (!size) return Error(Code::kCorrupt, "broken tar: no size");
    char type = block[kType];
    if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
      TRY_ASSIGN(std::string value, Take(*size));
      TRY(Take(TarPadding(*size)));
      if (type == 'L') long_name = std::string(Text(value));
      if (type == 'x') {
        if (auto path = PaxValue(value, "path")) long_name = *path;
        if (auto text = PaxValue(value, "size")) long_size = ParseSize(*text);
      }
      continue;
    }
    return std::optional<TarMember>(
        {.name = long_name ? *long_name : ShortName(block),
         .size = HasBytes(type) ? long_size.value_or(*size) : 0,
         .type = type,
         .size_in_pax = long_size.has_value()});
  }
}

Result<std::string> WithTarSize(const std::string& headers,
                                const TarMember& member, uint64_t size) {
  if (member.size_in_pax) {
    return Error(Code::kInvalid,
                 fmt::format("{}: a member whose size stands in a pax header "
                             "cannot change it",
                             member.name));
  }
  std::string changed = headers;
  std::string block = changed.substr(changed.size() - kBlockBytes);
  std::string digits = fmt::format("{:011o}", size);
  if (digits.size() > 11) {
    // GNU: binary, as Number reads it.
    digits.assign(12, '\0');
    digits[0] = '\x80';
    for (size_t i = 0; i < 8; ++i)
      digits[11 - i] = static_cast<char>(size >> (8 * i));
  } else {
    digits += '\0';
  }
  block.replace(kSize.at, kSize.size, digits);
  block.replace(kChecksum.at, kChecksum.size,
                fmt::format("{:06o}", SumOf(block)) + std::string("\0 ", 2));
  changed.replace(changed.size() - kBlockBytes, kBlockBytes, block);
  return changed;
}

std::unique_ptr<ByteSource> ReadTarMember(ByteSource* archive, uint64_t* left) {
  return std::make_unique<MemberSource>(archive, left);
}

}  // namespace cofferdam::corpus
