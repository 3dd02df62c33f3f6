"""Reads a configuration with protobuf's text parser and Triton's own message definitions; prints it as JSON.

Usage: triton_config.py CONFIG. Needs tritonclient[grpc].
"""
import sys

from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2

with open(sys.argv[1], encoding="utf-8") as file:
    config = text_format.Parse(file.read(), model_config_pb2.ModelConfig())
print(json_format.MessageToJson(config, preserving_proto_field_name=True))
