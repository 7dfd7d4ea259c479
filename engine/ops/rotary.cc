// Rotation of heads.
#include "ops/rotary.h"

#include "ops/elements.h"

namespace insitu {

Result<Rotary> Rotary::Make(const TensorView& cosines, const TensorView& sines, bool interleaved,
                            int64_t head_size) {
  const bool fits = !cosines.dims.empty() && cosines.dims == sines.dims &&
                    cosines.dims.back() >= 1 && cosines.dims.back() <= head_size / 2;
  if (!fits)
    return Fail(ErrorCode::kShapeMismatch,
                "tables of cosines " + ToString(cosines.dims) + " and sines " +
                    ToString(sines.dims) + " do not rotate heads of " + std::to_string(head_size) +
                    " elements",
                "Both need one column for two elements that are rotated.");
  Rotary rotary;
  rotary.cosines_ = cosines;
  rotary.sines_ = sines;
  rotary.rows_ = cosines.elements() / cosines.dims.back();
  rotary.interleaved_ = interleaved;
  INSITU_ASSIGN(rotary.buffer_, Tensor::Allocate(DType::kFloat64, {2, cosines.dims.back()}));
  return rotary;
}

Status Rotary::CheckRow(int64_t row) const {
  if (row >= 0 && row < rows_) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "position " + std::to_string(row) + " is none of " + std::to_string(rows_) +
                  " rows of the rotary tables",
              "The sequence is longer than the model allows.");
}

void Rotary::Rotate(double* head, int64_t row) {
  const int64_t count = half();
  double *cosine = buffer_.As<double>().data(), *sine = cosine + count;
  LoadElements(cosines_, row * count, 1, count, cosine);
  LoadElements(sines_, row * count, 1, count, sine);
  const int64_t step = interleaved_ ? 2 : 1, apart = interleaved_ ? 1 : count;
  for (int64_t i = 0; i < count; ++i) {
    double &x = head[i * step], &y = head[i * step + apart];
    const double real = x * cosine[i] - y * sine[i];
    y = x * sine[i] + y * cosine[i];
    x = real;
  }
}

}  // namespace insitu
