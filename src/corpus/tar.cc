#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "corpus/tar_header_internal.h"
#include "corpus/unpack_internal.h"

// Archives of tar. Every member is a file of its own, read as one that lies in
// a folder; small ones travel together and are looked at by the worker.

namespace cofferdam::corpus {
namespace {

constexpr size_t kMembersOfChunkMax = 256;

struct Range {
  size_t at;
  size_t size;
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

class TarStream final : public ChunkStream {
 public:
  TarStream(Packed packed, std::shared_ptr<const Unpacking> shared)
      : packed_(std::move(packed)),
        shared_(std::move(shared)),
        headers_(packed_.bytes.get()) {}

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
    TRY(Skip(left_ + TarPadding(size_)));
    left_ = size_ = 0;
    TRY_ASSIGN(std::optional<TarMember> member, headers_.Next());
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
    if (!member->HasText())
      return {};  // folders, links to other members, volume labels
    if (member->size <= kChunkBytes) return AddSmall(*member);
    GiveEntries();
    Open(*member, ReadTarMember(packed_.bytes.get(), &left_));
    return {};
  }

  static std::optional<Reason> ReasonOf(char type) {
    if (type == '2') return Reason::kSymlink;
    if (type == '3' || type == '4' || type == '6') return Reason::kSpecial;
    if (type == 'S' || type == 'M') return Reason::kUnreadable;  // in pieces
    return std::nullopt;
  }

  Status AddSmall(const TarMember& member) {
    size_t at = bytes_.size();
    bytes_.resize(at + member.size);
    auto source = ReadTarMember(packed_.bytes.get(), &left_);
    TRY_ASSIGN(size_t got,
               ReadFully(source.get(), bytes_.data() + at, member.size));
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
      Open(member, ReadHeaded(std::move(bytes),
                              ReadTarMember(packed_.bytes.get(), &left_)));
      return {};
    }
    entries_.push_back({PlaceOf(member), member.name, {at, member.size}});
    if (bytes_.size() >= kChunkBytes || entries_.size() == kMembersOfChunkMax)
      GiveEntries();
    return {};
  }

  void Open(const TarMember& member, std::unique_ptr<ByteSource> bytes) {
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

  std::shared_ptr<const FilePlace> PlaceOf(const TarMember& member) const {
    auto place = std::make_shared<FilePlace>(*packed_.place);
    place->path += "!" + member.name;
    return place;
  }

  Status Skip(uint64_t bytes) {
    char waste[16 * 512];
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
  TarHeaderReader headers_;
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

std::unique_ptr<ChunkStream> UnpackTar(
    Packed packed, std::shared_ptr<const Unpacking> shared) {
  return std::make_unique<TarStream>(std::move(packed), std::move(shared));
}

}  // namespace cofferdam::corpus
