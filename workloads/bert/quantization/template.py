"""The configuration that the Quantize tab starts with, with the keys of Intel's posts; `config.parse_config` reads it."""

QUANTIZATION_YAML = """\
model:
  name: bert
  framework: tensorflow
evaluation:
  accuracy:
    metric: squad_f1
quantization:
  approach: post_training_static_quant  # or smooth_quant
  alpha: 0.5            # smooth_quant: how much of the activations' range goes to the weights
  calibration:
    sampling_size: 100  # questions that the FP32 model reads to find each tensor's range
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
    relative: 0.01      # F1 that may be lost, as a share of FP32's
  exit_policy:
    max_trials: 20
    timeout: 0          # seconds; 0 is none
  random_seed: 0
"""
