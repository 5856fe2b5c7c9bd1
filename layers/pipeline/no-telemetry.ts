/**
 * Imported for its effect by whoever loads onnxruntime. From 1.29 on it tells Microsoft of each process, model and
 * session, and keeps an id of the machine in the user's cache, unless this is set before its first session. What is said
 * in a recording is nobody else's business, and that one is heard at all isn't either.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
