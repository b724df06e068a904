//! Inference sessions on an explicit provider: native Rust, ONNX Runtime, TensorRT
