// Lowering of pools up to the point where their arithmetic differs.
#include "ops/pool_lowering.h"

#include "ops/activation.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/spatial.h"

namespace insitu {

std::expected<lowered::Pool, Refusal> LowerGlobalPool(const LowerContext& context,
                                                      lowered::PoolKind kind) {
  const Shape* x = context.shape(0);
  if (!x) return Refuse("the rank is not known");
  if (x->size() != 3 && x->size() != 4)
    return Refuse(std::to_string(x->size() - 2) + " spatial axes; only 1 and 2 are lowered");
  lowered::Pool pool;
  pool.kind = kind;
  pool.dtype = context.dtype(0);
  pool.channels_last = IsChannelsLast(context.node());
  pool.clamp = ActivationOf(context.node());
  return pool;
}

std::expected<lowered::Pool, Refusal> LowerPool(const LowerContext& context,
                                                lowered::PoolKind kind) {
  INSITU_LOWER(lowered::Pool pool, LowerGlobalPool(context, kind));
  auto window = ReadWindow(context.node(), context.shape(0)->size() - 2, {});
  if (!window) return Refuse(window.error());
  StoreWindow(*window, pool);
  pool.ceil_mode = window->ceil_mode;
  pool.count_include_pad = context.node().Attr<int64_t>("count_include_pad", 0) != 0;
  return pool;
}

}  // namespace insitu
