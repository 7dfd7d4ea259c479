// Monitors of sessions, and histograms, profiles and detectors on their own;
// web/src/rpc/native.ts documents each call.
#pragma once

#include <string>

#include "outcome.h"

namespace insitu::bindings {

val MonitorStart(int session, val options, double clock_step_ms, std::string sha256);
val MonitorJudge(int session, val said);
val MonitorObserve(int session, double queue, double preprocess, double copy_in, double infer,
                   double copy_out, double total, double started_unix_ms, bool hidden, bool looks,
                   val said);
val MonitorPostprocess(int session, double ms);
val MonitorFeedback(int session, std::string id, val label);
val MonitorSave(int session);
val MonitorRestore(int session, val options, double clock_step_ms, std::string sha256, int bytes);
val MonitorSnapshot(int session);
val MonitorExport(int session, std::string format, double now_unix_ms);
val MonitorProfile(int session);
val MonitorReset(int session, double now_unix_ms, std::string instance);
val Scratch(double bytes);
val CreateHistogram(double clock_step_ms);
val HistogramRecord(int histogram, int count);
val HistogramQuantiles(int histogram, val qs);
val HistogramMerge(int histogram, int other);
val HistogramJson(int histogram);
val CreateProfile(int count, val features);
val MergeProfiles(val profiles);
val CreateDetector(std::string profile, val options);
val CompareWindow(std::string profile, int count);
val DetectorUpdate(int detector, int count);
val DetectorReset(int detector);
void DisposeWatch(std::string kind, int handle);

}  // namespace insitu::bindings
