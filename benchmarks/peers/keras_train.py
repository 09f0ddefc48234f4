"""Transfer learning as https://keras.io/guides/transfer_learning recommends it.

    python benchmarks/peers/keras_train.py photos-split inceptionv3 --epochs 50

Takes the arguments of classic/train.py, prints the same line of JSON. The guide freezes the whole
backbone, augments inside the model, and leaves fine-tuning for a second round that is not done.
"""

import argparse
import itertools
import json
import os
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
from keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("backbone")
parser.add_argument("--weights", default="imagenet")
parser.add_argument("--epochs", type=int, default=50)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
keras.utils.set_random_seed(options.seed)

size = 299 if options.backbone == "inceptionv3" else 224
weights = "imagenet" if options.weights == "imagenet" else None
if options.backbone == "inceptionv3":
    base = keras.applications.InceptionV3(include_top=False, weights=weights)
else:
    alpha = 0.35 if options.backbone == "mobilenetv2-0.35" else 1.0
    base = keras.applications.MobileNetV2(
        include_top=False, weights=weights, input_shape=(size, size, 3), alpha=alpha
    )
if options.weights not in ("imagenet", "none"):
    base.load_weights(options.weights)
base.trainable = False


def pictures(side, shuffle):
    return keras.utils.image_dataset_from_directory(
        f"{options.data}/{side}",
        image_size=(size, size),
        batch_size=32,
        shuffle=shuffle,
        seed=options.seed,
        verbose=False,
    )


start = time.perf_counter()
train, val = pictures("train", True), pictures("val", False)
classes = len(train.class_names)
augment = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])
inputs = keras.Input((size, size, 3))
x = layers.Rescaling(1 / 127.5, offset=-1)(augment(inputs))
x = base(x, training=False)
x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
model = keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
times = [time.perf_counter()]
clock = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: times.append(time.perf_counter())
)
ahead = train.prefetch(2), val.prefetch(2)
model.fit(ahead[0], epochs=options.epochs, validation_data=ahead[1], callbacks=[clock], verbose=2)
seconds = time.perf_counter() - start
_, accuracy = model.evaluate(pictures("test", False), verbose=0)
epochs = [after - before for before, after in itertools.pairwise(times)]
print(json.dumps({"seconds": seconds, "epochs": epochs, "test_accuracy": accuracy}))
