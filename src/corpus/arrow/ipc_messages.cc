#include <arrow/buffer.h>

#include <cstring>

#include "corpus/arrow/ipc_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

constexpr uint32_t kContinuation = 0xffffffff;
constexpr int64_t kPrefixBytes = 8;

template <typename T>
T Load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// The member `id` of a FlatBuffers table that Arrow has verified, or null.
const uint8_t* Member(const uint8_t* table, int id) {
  const uint8_t* vtable = table - Load<int32_t>(table);
  const int at = 4 + 2 * id;
  if (at + 2 > Load<uint16_t>(vtable)) return nullptr;
  const auto offset = Load<uint16_t>(vtable + at);
  return offset == 0 ? nullptr : table + offset;
}

// Members of RecordBatch and BodyCompression in Arrow's Message.fbs.
constexpr int kBatchLength = 0;
constexpr int kBatchCompression = 3;
constexpr int kCompressionCodec = 0;
constexpr int8_t kCodecZstd = 1;

void Note(const arrow::ipc::Message& message, int64_t offset, int64_t bytes,
          Messages* messages) {
  const auto* header = static_cast<const uint8_t*>(message.header());
  const uint8_t* rows = Member(header, kBatchLength);
  const uint8_t* compression = Member(header, kBatchCompression);
  if (messages->batches.empty() && compression != nullptr) {
    const uint8_t* body = compression + Load<uint32_t>(compression);
    const uint8_t* codec = Member(body, kCompressionCodec);
    messages->codec = codec != nullptr && Load<int8_t>(codec) == kCodecZstd
                          ? arrow::Compression::ZSTD
                          : arrow::Compression::LZ4_FRAME;
  }
  messages->batches.push_back(
      {offset, bytes, rows == nullptr ? 0 : Load<int64_t>(rows)});
}

}  // namespace

arrow::Result<Messages> FindMessages(const File& file, int64_t begin,
                                     const TableLimits& limits) {
  Messages messages;
  int64_t offset = begin;
  while (offset < file.size) {
    uint8_t prefix[kPrefixBytes] = {};
    ARROW_ASSIGN_OR_RAISE(const int64_t read,
                          file.bytes->ReadAt(offset, kPrefixBytes, prefix));
    // Streams from before Arrow 0.15 have the length alone.
    const bool continued = Load<uint32_t>(prefix) == kContinuation;
    const int64_t prefix_bytes = continued ? kPrefixBytes : 4;
    if (read < prefix_bytes) {
      messages.cut = offset;
      break;
    }
    const int64_t length = Load<int32_t>(continued ? prefix + 4 : prefix);
    if (length == 0) break;
    if (length < 0 || static_cast<uint64_t>(length) > limits.metadata_bytes_max)
      return arrow::Status::Invalid("no message at byte ", offset);
    const int64_t body = offset + prefix_bytes + length;
    if (body > file.size) {
      messages.cut = offset;
      break;
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> metadata,
                          file.bytes->ReadAt(offset + prefix_bytes, length));
    ARROW_ASSIGN_OR_RAISE(auto message,
                          arrow::ipc::Message::Open(metadata, nullptr));
    const int64_t body_bytes = message->body_length();
    if (body_bytes < 0 || body_bytes > file.size - body) {
      messages.cut = offset;
      break;
    }
    const int64_t end = body + body_bytes;
    if (message->type() == arrow::ipc::MessageType::DICTIONARY_BATCH) {
      messages.dictionaries = true;
    } else if (message->type() == arrow::ipc::MessageType::RECORD_BATCH) {
      Note(*message, offset, end - offset, &messages);
      if (messages.batches.back().rows < 0)
        return arrow::Status::Invalid("a batch has fewer than no rows");
      if (messages.batches.size() > limits.parts_max)
        return arrow::Status::CapacityError("it has more batches than ",
                                            limits.parts_max);
    }
    offset = end;
  }
  return messages;
}

}  // namespace cofferdam::corpus::arrow_abi
