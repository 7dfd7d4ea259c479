// The architectures that the bench builds itself. Each has a name, the precisions it is measured in, whether it names a
// class, build(options), which gives a float graph, and the options of a small variant for tests.
import { efficientnetLite0 } from './efficientnet-lite0.mjs';
import { mobilenetV2 } from './mobilenet-v2.mjs';
import { resnet50 } from './resnet50.mjs';
import { decoder, encoder } from './transformer.mjs';
import { yoloCsp } from './yolo-csp.mjs';

export const networks = [mobilenetV2, resnet50, efficientnetLite0, yoloCsp, encoder, decoder];
