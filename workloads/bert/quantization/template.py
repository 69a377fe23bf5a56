"""The configuration that the Quantize tab starts with, in the format of Intel's posts; see `config.parse_config`."""

QUANTIZATION_YAML = """\
model:
  name: bert
  framework: tensorflow
evaluation:
  accuracy:
    metric: squad_f1
quantization:
  approach: post_training_static_quant  # or smooth_quant
  alpha: 0.5            # smooth_quant: share of the activations' range that moves to the weights
  calibration:
    sampling_size: 100  # questions from which the ranges of tensors are measured
  model_wise:
    weight:
      granularity: per_channel  # or per_tensor
      algorithm: minmax
    activation:
      algorithm: minmax
tuning:
  strategy:
    name: basic         # or random, bayesian: which operators fall back to FP32
  accuracy_criterion:
    relative: 0.01      # loss of F1 that is allowed, as a share of FP32's F1
  exit_policy:
    max_trials: 20
    timeout: 0          # seconds; 0 for no timeout
  random_seed: 0
"""
