"""Fills a model folder that has config.json and a tokenizer with random weights (transformers' own initialisation), for
benches on machines that cannot fetch real ones: speed and memory do not depend on the values.

usage: python random_model.py FOLDER
"""
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

torch.manual_seed(0)
config = AutoConfig.from_pretrained(sys.argv[1])
AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(sys.argv[1])
