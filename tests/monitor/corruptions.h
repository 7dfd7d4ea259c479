// What goes wrong with images, for what must notice it; and the profile of those with which nothing
// is wrong.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "monitor/quality.h"
#include "pictures.h"

namespace insitu {

inline InputReading Read(Picture& picture) { return ReadInput({"image", picture.View()}).value(); }

inline ReferenceProfile PictureProfile(const std::function<void(Picture&)>& change = [](Picture&) {
}) {
  std::mt19937_64 random(11);
  std::vector<float> rows;
  std::vector<std::string> names;
  for (int i = 0; i < 3'000; ++i) {
    Picture picture = TakePicture(random);
    change(picture);
    const InputReading reading = Read(picture);
    FeatureRow features;
    AppendInputFeatures("image", reading.statistics, features);
    AppendImageFeatures("image", reading.image, *reading.geometry, features);
    for (const Feature& feature : features) {
      if (i == 0) names.push_back(feature.name);
      rows.push_back(static_cast<float>(feature.value));
    }
  }
  return *ReferenceProfile::FromRows(rows, names);
}

inline void EachValue(Picture& picture, const std::function<float(float)>& change) {
  for (float& value : picture.values) value = change(value);
}

inline void Blur(Picture& picture) {
  Picture from = picture;
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < Picture::kSide; ++y)
      for (int x = 0; x < Picture::kSide; ++x) {
        float sum = 0;
        int count = 0;
        for (int dy = -2; dy <= 2; ++dy)
          for (int dx = -2; dx <= 2; ++dx) {
            const int v = y + dy, u = x + dx;
            if (v < 0 || u < 0 || v >= Picture::kSide || u >= Picture::kSide) continue;
            sum += from.At(c, v, u);
            ++count;
          }
        picture.At(c, y, x) = sum / static_cast<float>(count);
      }
}

inline void SwapChannels(Picture& picture) {
  std::swap_ranges(picture.values.begin(), picture.values.begin() + picture.kSide * picture.kSide,
                   picture.values.begin() + 2 * picture.kSide * picture.kSide);
}

struct Corruption {
  const char* name;
  QualityIssue issue;
  std::function<void(Picture&)> change;
};

// All but images that do not move.
inline std::vector<Corruption> Corruptions() {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  return {
      {"one NaN", QualityIssue::kNan, [](Picture& p) { p.At(1, 5, 5) = kNan; }},
      {"all NaN", QualityIssue::kNan, [](Picture& p) { EachValue(p, [](float) { return kNan; }); }},
      {"one infinity", QualityIssue::kInfinite,
       [](Picture& p) { p.At(2, 63, 63) = -std::numeric_limits<float>::infinity(); }},
      {"blank", QualityIssue::kConstant,
       [](Picture& p) { EachValue(p, [](float) { return 0.0f; }); }},
      {"one grey", QualityIssue::kConstant,
       [](Picture& p) { EachValue(p, [](float) { return 0.45f; }); }},
      {"0..255 for 0..1", QualityIssue::kScale,
       [](Picture& p) { EachValue(p, [](float x) { return 255 * x; }); }},
      {"divided by 255 twice", QualityIssue::kScale,
       [](Picture& p) { EachValue(p, [](float x) { return x / 255; }); }},
      {"mean taken off and divided by the deviation", QualityIssue::kRange,
       [](Picture& p) { EachValue(p, [](float x) { return (x - 0.45f) / 0.225f; }); }},
      {"dark", QualityIssue::kDark,
       [](Picture& p) { EachValue(p, [](float x) { return 0.3f * x; }); }},
      {"overexposed", QualityIssue::kOverexposed,
       [](Picture& p) { EachValue(p, [](float x) { return std::min(2.2f * x, 1.0f); }); }},
      {"clipped", QualityIssue::kClipped,
       [](Picture& p) { EachValue(p, [](float x) { return std::min(2.2f * x, 1.0f); }); }},
      {"blurred", QualityIssue::kBlurred, Blur},
      {"blue for red", QualityIssue::kChannels, SwapChannels},
      {"negative", QualityIssue::kRange,
       [](Picture& p) { EachValue(p, [](float x) { return -x; }); }},
  };
}

}  // namespace insitu
