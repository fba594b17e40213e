#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "corpus/unpack_internal.h"

// Archives of tar: POSIX ustar and pax, and what GNU adds for long names and
// large sizes. Every member is a file of its own, read as one that lies in a
// folder; small ones travel together and are looked at by the worker.

namespace cofferdam::corpus {
namespace {

constexpr size_t kBlockBytes = 512;
// Of the name of one member, with all its headers.
constexpr uint64_t kExtraHeaderBytesMax = 1 << 20;
constexpr size_t kMembersOfChunkMax = 256;

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

uint64_t Padding(uint64_t size) {
  return (kBlockBytes - size % kBlockBytes) % kBlockBytes;
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

struct Member {
  std::string name;
  uint64_t size = 0;
  char type = '0';
};

// Small members, looked at by the worker.
class MembersBody final : public ChunkBody {
 public:
  struct Entry {
    std::shared_ptr<const FilePlace> place;
    std::string name;
    Range range;
  };
  MembersBody(std::shared_ptr<const Unpacking> shared, std::string bytes,
              std::vector<Entry> entries, size_t containers)
      : shared_(std::move(shared)),
        bytes_(std::move(bytes)),
        entries_(std::move(entries)),
        containers_(containers) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    for (const Entry& entry : entries_) {
      std::string_view bytes =
          std::string_view(bytes_).substr(entry.range.at, entry.range.size);
      Packed packed = {.bytes = ReadMemory(bytes),
                       .place = entry.place,
                       .name = entry.name,
                       .containers = containers_,
                       .budget = std::make_shared<UnpackBudget>()};
      packed.budget->outermost = packed.bytes.get();
      TRY(ReadPacked(std::move(packed), shared_, memory, on_record, on_passed));
    }
    return {};
  }
  size_t bytes() const override { return bytes_.size(); }

 private:
  std::shared_ptr<const Unpacking> shared_;
  std::string bytes_;
  std::vector<Entry> entries_;
  size_t containers_;
};

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

class TarStream final : public ChunkStream {
 public:
  TarStream(Packed packed, std::shared_ptr<const Unpacking> shared)
      : packed_(std::move(packed)), shared_(std::move(shared)) {}

  Result<std::optional<Chunk>> Next() override {
    for (;;) {
      if (!ready_.empty()) {
        Chunk chunk = std::move(ready_.front());
        ready_.pop_front();
        return std::optional<Chunk>(std::move(chunk));
      }
      if (member_ != nullptr) {
        TRY_ASSIGN(std::optional<Chunk> chunk, member_->Next());
        if (chunk) return chunk;
        member_.reset();
      }
      if (done_) return std::optional<Chunk>();
      Status step = Step();
      if (!step.ok()) {
        done_ = true;
        GiveEntries();
        ready_.push_back(
            PassedOverChunk(PassedOverFor(packed_.place->path, step.error())));
      }
    }
  }

 private:
  // Reads one member's header, and the member if it is small. An error is the
  // archive's.
  Status Step() {
    TRY(Skip(left_ + Padding(size_)));
    left_ = size_ = 0;
    TRY_ASSIGN(std::optional<Member> member, ReadHeader());
    if (!member) {
      done_ = true;
      GiveEntries();
      return {};
    }
    left_ = size_ = member->size;
    if (++members_ > shared_->options.limits.members_max) {
      return Error(Code::kTooLarge,
                   fmt::format("more than {} members",
                               shared_->options.limits.members_max));
    }
    if (auto reason = ReasonOf(member->type)) {
      GiveEntries();
      ready_.push_back(PassedOverChunk({PlaceOf(*member)->path, *reason, ""}));
      return {};
    }
    if (member->type != '0' && member->type != '\0' && member->type != '7')
      return {};  // folders, links to other members, volume labels
    if (member->size <= kChunkBytes) return AddSmall(*member);
    GiveEntries();
    Open(*member, std::make_unique<MemberSource>(packed_.bytes.get(), &left_));
    return {};
  }

  static std::optional<Reason> ReasonOf(char type) {
    if (type == '2') return Reason::kSymlink;
    if (type == '3' || type == '4' || type == '6') return Reason::kSpecial;
    if (type == 'S' || type == 'M') return Reason::kUnreadable;  // in pieces
    return std::nullopt;
  }

  Status AddSmall(const Member& member) {
    size_t at = bytes_.size();
    bytes_.resize(at + member.size);
    MemberSource source(packed_.bytes.get(), &left_);
    TRY_ASSIGN(size_t got, ReadFully(&source, bytes_.data() + at, member.size));
    if (got < member.size) {
      bytes_.resize(at);
      return Error(Code::kCorrupt, "the archive ends early");
    }
    // What unpacks to more is unpacked here, where the budget is.
    if (IsPackedHead(std::string_view(bytes_).substr(at))) {
      std::string bytes = bytes_.substr(at);
      bytes_.resize(at);
      GiveEntries();
      // Its member has been read, so the archive's own bytes are none of it.
      Open(member,
           ReadHeaded(std::move(bytes), std::make_unique<MemberSource>(
                                            packed_.bytes.get(), &left_)));
      return {};
    }
    entries_.push_back({PlaceOf(member), member.name, {at, member.size}});
    if (bytes_.size() >= kChunkBytes || entries_.size() == kMembersOfChunkMax)
      GiveEntries();
    return {};
  }

  void Open(const Member& member, std::unique_ptr<ByteSource> bytes) {
    member_ = Unpack({.bytes = std::move(bytes),
                      .place = PlaceOf(member),
                      .name = member.name,
                      .containers = packed_.containers,
                      .budget = packed_.budget},
                     shared_);
  }

  void GiveEntries() {
    if (entries_.empty()) return;
    ready_.push_back(Chunk(std::make_unique<MembersBody>(
        shared_, std::move(bytes_), std::move(entries_), packed_.containers)));
    bytes_ = {};
    entries_ = {};
  }

  std::shared_ptr<const FilePlace> PlaceOf(const Member& member) const {
    auto place = std::make_shared<FilePlace>(*packed_.place);
    place->path += "!" + member.name;
    return place;
  }

  // The next member; none at the end of the archive.
  Result<std::optional<Member>> ReadHeader() {
    std::optional<std::string> long_name;
    std::optional<uint64_t> long_size;
    uint64_t extra = 0;
    for (;;) {
      char bytes[kBlockBytes];
      TRY_ASSIGN(size_t got,
                 ReadFully(packed_.bytes.get(), bytes, kBlockBytes));
      // Most write two blocks of zeros at the end; others none.
      if (got == 0) return std::optional<Member>();
      std::string_view block(bytes, got);
      // Archives may follow one another; so zeros do not end the reading.
      if (block.find_first_not_of('\0') == std::string_view::npos) continue;
      if (!IsTarHeader(block))
        return Error(Code::kCorrupt, "broken tar: no header of a member");
      std::optional<uint64_t> size = Number(Part(block, kSize));
      if (!size) return Error(Code::kCorrupt, "broken tar: no size");
      char type = block[kType];
      if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
        extra += *size;
        if (extra > kExtraHeaderBytesMax)
          return Error(Code::kTooLarge, "a member's header is too long");
        std::string value(*size, '\0');
        TRY_ASSIGN(size_t have,
                   ReadFully(packed_.bytes.get(), value.data(), value.size()));
        if (have < value.size())
          return Error(Code::kCorrupt, "the archive ends early");
        TRY(Skip(Padding(*size)));
        if (type == 'L') long_name = std::string(Text(value));
        if (type == 'x') {
          if (auto path = PaxValue(value, "path")) long_name = *path;
          if (auto text = PaxValue(value, "size")) long_size = ParseSize(*text);
        }
        continue;
      }
      return std::optional<Member>(
          {.name = long_name ? *long_name : ShortName(block),
           .size = HasBytes(type) ? long_size.value_or(*size) : 0,
           .type = type});
    }
  }

  // Links and devices may say a size and have no bytes.
  static bool HasBytes(char type) { return type < '1' || type > '6'; }

  static std::optional<uint64_t> ParseSize(std::string_view text) {
    uint64_t size = 0;
    for (char c : text) {
      if (c < '0' || c > '9' || size > (uint64_t{1} << 55)) return std::nullopt;
      size = size * 10 + static_cast<uint64_t>(c - '0');
    }
    return size;
  }

  static std::string ShortName(std::string_view block) {
    std::string name(Text(Part(block, kName)));
    std::string_view prefix = Text(Part(block, kPrefix));
    // Only POSIX has it; GNU keeps times there.
    bool posix = block.substr(kMagic.at, 6) == std::string_view("ustar\0", 6);
    if (posix && !prefix.empty()) name = std::string(prefix) + "/" + name;
    return name;
  }

  Status Skip(uint64_t bytes) {
    char waste[16 * kBlockBytes];
    while (bytes > 0) {
      TRY_ASSIGN(
          size_t got,
          packed_.bytes->Read(waste, std::min<uint64_t>(bytes, sizeof(waste))));
      if (got == 0) return Error(Code::kCorrupt, "the archive ends early");
      bytes -= got;
    }
    return {};
  }

  Packed packed_;
  std::shared_ptr<const Unpacking> shared_;
  uint64_t size_ = 0;  // of the member that is read
  uint64_t left_ = 0;  // of it not yet read
  uint64_t members_ = 0;
  std::unique_ptr<ChunkStream> member_;
  std::string bytes_;  // of entries_
  std::vector<MembersBody::Entry> entries_;
  std::deque<Chunk> ready_;  // to give before anything else
  bool done_ = false;
};

}  // namespace

bool IsTarHeader(std::string_view block) {
  if (block.size() < kBlockBytes) return false;
  block = block.substr(0, kBlockBytes);
  if (block[0] == '\0') return false;
  std::optional<uint64_t> wanted = Number(Part(block, kChecksum));
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    bool in_sum = i < kChecksum.at || i >= kChecksum.at + kChecksum.size;
    sum += in_sum ? static_cast<unsigned char>(block[i]) : ' ';
  }
  return wanted == sum;
}

std::unique_ptr<ChunkStream> UnpackTar(
    Packed packed, std::shared_ptr<const Unpacking> shared) {
  return std::make_unique<TarStream>(std::move(packed), std::move(shared));
}

}  // namespace cofferdam::corpus
