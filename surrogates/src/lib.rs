//! Neural surrogates of ionic models: architectures, losses, training, checkpoints, ONNX export
