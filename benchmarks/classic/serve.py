"""A Keras model behind Flask as everybody writes it first: the yardstick, not advice.

python benchmarks/classic/serve.py model.keras 5001
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from flask import Flask, jsonify, request
from keras.preprocessing import image

app = Flask(__name__)
model = keras.models.load_model(sys.argv[1])
size = model.input_shape[1]
os.makedirs("uploads", exist_ok=True)


@app.route("/predict", methods=["POST"])
def predict():
    file = request.files["image"]
    path = os.path.join("uploads", os.path.basename(file.filename))
    file.save(path)
    picture = image.load_img(path, target_size=(size, size))
    batch = np.expand_dims(image.img_to_array(picture), axis=0)
    scores = model.predict(batch)[0]
    best = int(np.argmax(scores))
    return jsonify(label=best, score=float(scores[best]))


if __name__ == "__main__":
    app.run(port=int(sys.argv[2]))
