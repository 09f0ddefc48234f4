"""An ONNX file behind LitServe: https://lightning.ai/docs/litserve."""

import os

import litserve
import network


class Classifier(litserve.LitAPI):
    """Decode, infer, encode, in LitServe's own order."""

    def setup(self, device):
        self.classify = network.Classifier()

    def decode_request(self, request):
        return self.classify.decode(request["image"].file.read())

    def predict(self, pixels):
        return self.classify.infer(pixels)

    def encode_response(self, label):
        return {"label": label}


if __name__ == "__main__":
    server = litserve.LitServer(Classifier(), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False)
