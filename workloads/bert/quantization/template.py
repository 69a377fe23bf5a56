"""The configuration that the Quantize tab starts with, in the format of Intel's posts; see `config.parse_config`.

No line is longer than the editor on a screen of 1280 pixels: the comments are its help.
"""

MAX_LINE_CHARACTERS = 52

QUANTIZATION_YAML = """\
model:
  name: bert
  framework: tensorflow
evaluation:
  accuracy:
    metric: squad_f1
quantization:
  # or smooth_quant
  approach: post_training_static_quant
  # smooth_quant: share of the activations' range
  # that moves to the weights
  alpha: 0.5
  calibration:
    # questions that measure the ranges of tensors
    sampling_size: 100
  model_wise:
    weight:
      # or per_tensor
      granularity: per_channel
      algorithm: minmax
    activation:
      algorithm: minmax
tuning:
  strategy:
    # or random, bayesian: how to choose which
    # operators return to FP32
    name: basic
  accuracy_criterion:
    # loss of F1 that is allowed, as a share of FP32's
    relative: 0.01
  exit_policy:
    max_trials: 20
    # seconds; 0 for no timeout
    timeout: 0
  random_seed: 0
"""
