// INSITU_LOWER: the short way out of lower() when a part of it is refused.
#pragma once

#include "base/error.h"
#include "ops/op_def.h"

// The value of a std::expected<T, Refusal>, or its Refusal from the enclosing lower().
#define INSITU_LOWER(target, expression)                                       \
  auto INSITU_CONCAT(insitu_lowering_, __LINE__) = (expression);               \
  if (!INSITU_CONCAT(insitu_lowering_, __LINE__)) [[unlikely]]                 \
    return std::unexpected(INSITU_CONCAT(insitu_lowering_, __LINE__).error()); \
  target = *std::move(INSITU_CONCAT(insitu_lowering_, __LINE__))
