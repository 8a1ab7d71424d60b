/**
 * Imported before anything that may load ONNX Runtime, and by every process that has threads which do: its builds for
 * Linux report each session to their maker over HTTPS, unless this variable says no. The library reads the variables of
 * the process, which a thread cannot set.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
