// Tells what a short message to customer support is about.
import type { Engine } from 'insitu';
import { topK, type Ranked } from 'insitu/post';
import { createTokenizer } from 'insitu/text';

export async function open(engine: Engine) {
  const session = await engine.load('models/intents_int8.onnx', { cache: 'opfs' });
  const tokenizer = await createTokenizer('models/intents_tokenizer.json', { for: session.inputs });
  const labels = JSON.parse(session.metadata['labels']!) as string[];

  async function classify(text: string): Promise<Ranked[]> {
    const { probabilities } = await session.run(tokenizer.encode(text, { maxLength: 48 }));
    return topK(probabilities!, { k: labels.length, labels });
  }
  return { classify, tokenize: (text: string) => tokenizer.tokenize(text) };
}
