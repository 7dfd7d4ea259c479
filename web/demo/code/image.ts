// Names what is on a picture, with any classifier of images.
import { image, tensor, type Engine, type ImageOptions, type ImageSource, type ModelSource, type Session, type Tensor } from 'insitu';
import { softmax, topK, type Ranked } from 'insitu/post';

export function open(engine: Engine, model: ModelSource): Promise<Session> {
  return engine.load(model, { cache: 'opfs' });
}

export async function classify(session: Session, picture: ImageSource, options: ImageOptions, labels: readonly string[]): Promise<Ranked[]> {
  const outputs = await session.run({ [session.inputs[0]!.name]: image(picture, options) });
  const scores = rowOf(outputs[session.outputs[0]!.name]!);
  const probabilities = isDistribution(topK(scores, { k: kLookedAt })) ? scores : softmax(scores);
  return topK(probabilities, { k: 5, labels });
}

/* Of many thousand classes the best are nearly all of the sum. */
const kLookedAt = 1000;

/* Some classifiers give [1, classes, 1, 1]. */
const rowOf = ({ data, dtype }: Tensor): Tensor => tensor(data, [1, data.length], dtype);

/* Logits are seldom all above 0, and never of sum 1. */
function isDistribution(ranked: readonly Ranked[]): boolean {
  const sum = ranked.reduce((all, { score }) => all + score, 0);
  return Math.abs(sum - 1) < 0.02 && ranked.every(({ score }) => score >= 0);
}
