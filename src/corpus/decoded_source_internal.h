#pragma once

#include <memory>

#include "base/codec.h"
#include "corpus/byte_source.h"
#include "corpus/source.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {

// What `packed`, written in `codec`, unpacks to. Beyond the limits on what a
// file unpacks to it is kTooLarge; kCorrupt for what is broken or ends early.
std::unique_ptr<ByteSource> ReadDecoded(std::unique_ptr<ByteSource> packed,
                                        Codec codec, const SourceLimits& limits,
                                        std::shared_ptr<UnpackBudget> budget);

}  // namespace cofferdam::corpus
