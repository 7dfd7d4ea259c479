// A page that can be frozen. The pages that playwright drives believe that they are looked at, and pages that are looked at
// do not freeze, so this one is opened beside its back.

/** Opens the page: `evaluate(expression)`, `lifecycle('frozen' | 'active')`, `close()`. */
export async function openUnseen(browser, url) {
  const root = await browser.newBrowserCDPSession();
  const { browserContextId } = await root.send('Target.createBrowserContext');
  const { targetId } = await root.send('Target.createTarget', { url, browserContextId });
  const { sessionId } = await root.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map();
  let lastId = 0;
  root.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, error, result } = JSON.parse(message);
    const asked = waiting.get(id);
    if (!asked) return;  // an event
    waiting.delete(id);
    if (error) asked.reject(new Error(error.message));
    else asked.resolve(result);
  });
  const send = (method, params) => new Promise((resolve, reject) => {
    waiting.set(++lastId, { resolve, reject });
    root.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: lastId, method, params }) }).catch(reject);
  });
  return {
    async evaluate(expression) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    lifecycle: (state) => send('Page.setWebLifecycleState', { state }),
    close: () => root.send('Target.disposeBrowserContext', { browserContextId }),
  };
}
