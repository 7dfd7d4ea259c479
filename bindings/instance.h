// Instance: everything one WebAssembly instance holds for its Engine in JavaScript.
// Invariant: used by the instance's main thread only; threads of the pool see nothing of it but the
// word that cancels a run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/limits.h"
#include "handles.h"
#include "monitor/detector.h"
#include "monitor/histogram.h"
#include "monitor/monitor.h"
#include "monitor/thinning.h"
#include "outcome.h"
#include "preprocess/image.h"
#include "session/runtime.h"
#include "session/session.h"
#include "session/stream.h"
#include "upload.h"

namespace insitu {

// A session with what is in flight: feeds being written, results being read.
struct LoadedSession {
  std::unique_ptr<Session> session;
  std::unique_ptr<Archive> kept;     // nullptr: nothing is to be written, or all has been
  std::unique_ptr<Monitor> monitor;  // nullptr: not watched
  std::vector<NamedTensor> feeds, results;
  Handles<Stream> streams{"stream"};
};

struct StreamDetector {
  std::unique_ptr<Detector> detector;
  std::optional<Thinning> thinning;  // none: all rows are independent
};

struct Instance {
  std::unique_ptr<Runtime> runtime;
  std::atomic<uint32_t> cancel{0};  // written by the page through shared memory
  Handles<Upload> uploads{"upload"};
  Handles<LoadedSession> sessions{"session"};
  Handles<Histogram> histograms{"histogram"};
  Handles<StreamDetector> detectors{"detector"};
  std::vector<NamedTensor> feeds;  // of what is no session
  Buffer scratch;                  // numbers on their way in
  ImageFormat image_format;
  Tensor prepared;  // of images in that format, or of samples
};

// The one of this instance.
Instance& TheInstance();

}  // namespace insitu
